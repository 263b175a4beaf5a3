// Any bytes as a configuration file: it may include itself under any name, and no file, variable or name of
// the real machine is touched. What is accepted has no statement left in it, and reading it twice gives the
// same.
#include <memory>
#include <string>

#include "config/config.h"
#include "config/config_logic.h"
#include "config/ini.h"

using namespace mortise;

namespace {

void check(bool good) {
  if (!good) __builtin_trap();
}

class OneFile final : public ConfigHost {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}
  Result<std::string> read_file(const std::string &path) override {
    if (path.starts_with("no")) return Error{"open " + path, "No such file or directory", {}, kExitNoInput};
    return text_;
  }
  PathKind path_kind(const std::string &path) override { return PathKind(path.size() % 4); }
  std::vector<std::string> glob(const std::string &pattern) override {
    return {pattern + "1", pattern + "2"};
  }
  std::optional<std::string> environment(const std::string &name) override {
    return name.size() % 2 ? std::optional("value of " + name) : std::nullopt;
  }
  std::optional<std::string> fact(char letter) override {
    return letter == 'Y' ? std::nullopt : std::optional<std::string>("4");
  }

 private:
  std::string text_;
};

std::string outcome_of(const std::string &text) {
  Config config(std::make_unique<OneFile>(text));
  auto done = config.add_file("app.ini");
  if (done) done = config.resolve();
  if (!done) return done.error().message();
  std::string all;
  for (const Directive &directive : config.directives()) {
    bool is_statement = opens_block(directive.key) || closes_block(directive.key) || directive.key == "ini";
    check(!is_statement || config.was_read(directive.key));  // set-placeholder may set any name
    check(directive.has_value || directive.value.empty());
    all += directive.origin + directive.key + directive.value + "\n";
  }
  for (const std::string &warning : config.warnings()) all += warning + "\n";
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string text(reinterpret_cast<const char *>(data), size);
  auto ini = parse_ini(text, "app.ini", "uwsgi");
  if (ini) {
    int line = 0;
    for (const IniEntry &entry : ini->entries) {
      check(!entry.key.empty() && entry.line > line);
      line = entry.line;
    }
  }
  check(outcome_of(text) == outcome_of(text));
  return 0;
}
