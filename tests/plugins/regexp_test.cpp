// Patterns through the functions that plugins call.
#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

struct Pattern {
  explicit Pattern(const char *text) { built = uwsgi_regexp_build(text, &compiled); }
  ~Pattern() { uwsgi_regexp_free(compiled); }
  int match(const std::string &subject) {
    return uwsgi_regexp_match(compiled, subject.data(), static_cast<int>(subject.size()));
  }
  uwsgi_pcre *compiled = nullptr;
  int built;
};

std::string substituted(const char *pattern, const std::string &subject, const std::string &text) {
  Pattern compiled(pattern);
  int groups = uwsgi_regexp_ovector(compiled.compiled);
  std::vector<int> offsets(3 * (static_cast<size_t>(groups) + 1));
  if (uwsgi_regexp_match_ovec(compiled.compiled, subject.data(), static_cast<int>(subject.size()),
                              offsets.data(), groups) < 0)
    return "no match";
  char *made = uwsgi_regexp_apply_ovec(subject.data(), static_cast<int>(subject.size()), text.data(),
                                       static_cast<int>(text.size()), offsets.data(), groups);
  std::string copy = made;
  free(made);
  return copy;
}

}  // namespace

TEST_CASE("a pattern matches or not", "[regexp]") {
  Pattern pattern("^/a(b+)?");
  CHECK(pattern.built == 0);
  CHECK(pattern.match("/abb") >= 0);
  CHECK(pattern.match("/b") < 0);
  CHECK(pattern.match("") < 0);
  CHECK(uwsgi_regexp_match(pattern.compiled, nullptr, 0) < 0);
}

TEST_CASE("a pattern that is wrong is not compiled", "[regexp]") {
  Pattern pattern("a(");
  CHECK(pattern.built == -1);
  CHECK(pattern.compiled == nullptr);
}

TEST_CASE("groups are put into a text", "[regexp]") {
  CHECK(substituted("(\\w+)@(\\w+)", "<joe@home>", "$2 of $1 in $0") == "home of joe in joe@home");
  CHECK(substituted("a(x)?b", "ab", "[$1]") == "[]");
  CHECK(substituted("a", "a", "$9 costs $ and $x$") == " costs $ and $x$");
  CHECK(substituted("a", "b", "") == "no match");
}

TEST_CASE("a pattern with many groups gives all of them", "[regexp]") {
  std::string pattern, subject;
  for (int i = 0; i < 30; ++i) pattern += "(.)", subject += static_cast<char>('a' + i % 26);
  Pattern compiled(pattern.c_str());
  int offsets[3 * 31];
  REQUIRE(uwsgi_regexp_match_ovec(compiled.compiled, subject.data(), 30, offsets, 30) == 31);
  CHECK(offsets[2 * 30] == 29);
  CHECK(offsets[2 * 30 + 1] == 30);
}

TEST_CASE("a match that would take for ever is none", "[regexp]") {
  Pattern pattern("^(a+)+b$");
  CHECK(pattern.match(std::string(64, 'a')) < 0);
}
