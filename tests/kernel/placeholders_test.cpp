#include "config/placeholders.h"

#include <catch2/catch.hpp>
#include <map>
#include <vector>

using namespace mortise;

namespace {

// Names are looked up with their sign in front: "$HOME", "@/etc/name", "%base".
class TableSource final : public PlaceholderSource {
 public:
  std::map<std::string, std::string> values{{"$HOME", "/root"},
                                            {"$EMPTY", ""},
                                            {"@/etc/name", "node\n"},
                                            {"@/root/x", "first\nsecond\r\n"},
                                            {"%a", "1"},
                                            {"%five", "5"},
                                            {"%base", "/srv"},
                                            {"%big", "9223372036854775807"},
                                            {"%_", "item"},
                                            {"%path", "%d"},
                                            {"%least", "-9223372036854775808"}};
  std::vector<std::string> warnings;
  bool in_file = true;

  Result<std::optional<std::string>> look_up(char sign, const std::string &name) override {
    auto found = values.find(sign + name);
    if (found != values.end()) return std::optional(found->second);
    if (sign == '@') return Error{"open " + name, "No such file or directory", {}, kExitNoInput};
    return std::optional<std::string>();
  }
  std::optional<std::string> magic(char letter) override {
    if (letter == 'k') return "4";
    if (letter == 'n') return "app";
    return std::nullopt;
  }
  bool has_magic() const override { return in_file; }
  void warn(const std::string &text) override { warnings.push_back(text); }
};

std::string expand(std::string_view text) {
  TableSource source;
  auto expanded = expand_placeholders(text, source);
  if (!expanded) FAIL(expanded.error().message());
  return *expanded;
}

std::string failure_of(std::string_view text) {
  TableSource source;
  auto expanded = expand_placeholders(text, source);
  REQUIRE_FALSE(expanded);
  return expanded.error().message();
}

}  // namespace

TEST_CASE("references to variables, files and options are replaced, side by side") {
  CHECK(expand("$(HOME)/%(base)%(a)") == "/root//srv1");
  CHECK(expand("x-@(/etc/name)-y") == "x-node-y");
  CHECK(expand("@(/root/x)") == "first\nsecond");
  CHECK(expand("v%(_)w") == "vitemw");
  CHECK(expand("%( a )") == "1");
}

TEST_CASE("an unset variable of the environment has the default that is given") {
  CHECK(expand("$(NOPE-x)$(NOPE:-y)") == "xy");
  CHECK(expand("[$(EMPTY-x)][$(EMPTY:-y)]") == "[][y]");
  CHECK(expand("$(NOPE:-)") == "");
  CHECK(expand("kill $(cat %(base)/pid)") == "kill $(cat /srv/pid)");  // a shell's
  CHECK(expand("$(NOPE:-$(HOME)/%(base))") == "/root//srv");
}

TEST_CASE("an unset variable without a default stays as it is, with a warning") {
  TableSource source;
  CHECK(*expand_placeholders("$(NOPE)", source) == "$(NOPE)");
  CHECK(source.warnings ==
        std::vector<std::string>{
            "$(NOPE) is not in the environment: kept as it is (set it, or write $(NOPE:-default))"});
}

TEST_CASE("what has no meaning stays as it is, so that log formats and regular expressions survive") {
  for (const char *text :
       {"%(status) %(var.HTTP_X)", "^/(a|b)$", "$HOME $$ $()", "100% of", "%", "$", "@", "%(a", "$(HOME",
        "%()", "%(a+5)", "user@(", "x)y", "%(nothing here)", "${msg}", "% (a)"})
    CHECK(expand(text) == text);
}

TEST_CASE("magic variables and doubled percent signs are special in files only") {
  CHECK(expand("/run/%n.sock %k") == "/run/app.sock 4");
  CHECK(expand("%%Y-%%m") == "%Y-%m");
  CHECK(expand("%%(a) %%%(a)") == "%(a) %1");
  TableSource source;
  source.in_file = false;
  CHECK(*expand_placeholders("%n %%Y %(a)", source) == "%n %%Y 1");
}

TEST_CASE("a letter that no magic variable has stays as it is, with a warning") {
  TableSource source;
  CHECK(*expand_placeholders("%Y", source) == "%Y");
  CHECK(source.warnings ==
        std::vector<std::string>{"there is no variable %Y: kept as it is (write %% for a percent sign)"});
}

TEST_CASE("references may stand inside each other, and what they bring in is not expanded again") {
  CHECK(expand("@($(HOME)/x)") == "first\nsecond");
  CHECK(expand("%(path)") == "%d");
}

TEST_CASE("formulas are calculated from left to right") {
  CHECK(expand("%(%k * 2)") == "8");
  CHECK(expand("%(a + five + 3 * 2)") == "18");
  CHECK(expand("%(a ++)") == "2");
  CHECK(expand("%(five --)") == "4");
  CHECK(expand("%(a - 10)") == "-9");
  CHECK(expand("%(five / 2)") == "2");
  CHECK(expand("%(a five ++)") == "16");
  CHECK(expand("%(1 2)") == "12");
  CHECK(expand("%(a - -3)") == "4");
  CHECK(expand("%(nope + 1)") == "1");
}

TEST_CASE("a formula without a result is an error") {
  CHECK(failure_of("%(a / 0)") == "1 / 0: division by zero");
  CHECK(failure_of("%(base + 1)") == "/srv + 1: not whole numbers");
  CHECK(failure_of("%(big + 1)") == "9223372036854775807 + 1: the result is too large");
  CHECK(failure_of("%(least / -1)") == "-9223372036854775808 / -1: the result is too large");
  CHECK(failure_of("%(big * big)") == "9223372036854775807 * 9223372036854775807: the result is too large");
}

TEST_CASE("a file that cannot be read is an error") {
  CHECK(failure_of("@(/nope)") == "open /nope: No such file or directory");
}

TEST_CASE("deep and unbalanced nesting of references ends without harm") {
  std::string open, close;
  for (int i = 0; i < 20'000; ++i) {
    open += "%(";
    close += ")";
  }
  CHECK(expand(open) == open);
  CHECK(expand(open + close) == open + close);
}
