// Configuration sources to one ordered list of directives: files with what they include, the command line,
// the environment; for, if and placeholders are resolved here. What options mean, and what to say of an
// unknown one, is the caller's affair. The rules are uWSGI's; beyond them, statements and includes may name
// placeholders set above.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config_host.h"
#include "config/config_logic.h"
#include "config/directive.h"
#include "config/magic_vars.h"

namespace mortise {

class Config {
 public:
  explicit Config(std::unique_ptr<ConfigHost> host = std::make_unique<ConfigHost>());

  // "app.ini", "app.ini:section" or "-" for standard input.
  Result<void> add_file(const std::string &path);
  // From the command line or the environment: ini, other formats, for and if work, %n does not.
  Result<void> add(Directive directive);
  // The format, beside ini, that a file's name tells.
  std::optional<std::string> format_of_file(const std::string &path) const {
    return host_->format_of_file(path);
  }
  // Expands the values, which may name options that were given later: call it after the last source, and
  // again if more are added.
  Result<void> resolve();

  // What resolve() made, in the order read, includes in place; without statements, includes and
  // set-placeholder itself.
  const std::vector<Directive> &directives() const { return directives_; }
  // Whether a key serves as a placeholder: %(key) or if-opt name it, or set-placeholder set it.
  bool was_read(const std::string &key) const { return read_.contains(key); }
  // Whole lines that begin with their origin; none twice.
  const std::vector<std::string> &warnings() const { return warnings_; }

 private:
  struct Line {
    Directive directive;                     // its value as it was written
    std::shared_ptr<const ConfigFile> file;  // none for the command line
    std::optional<std::string> context;      // what %(_) is
    std::optional<std::string> value;        // what resolve() made of it
    bool expanding = false;
  };
  class Source;

  // Those that return bool return false once fail() was called; the first failure is kept.
  bool feed(Line line);
  bool open(Line opener);
  void close_block();
  bool apply(Line line);
  bool include(Line line);
  bool load(ConfigFile file, const std::string &key, const std::string &origin);
  std::string expand(Line &line, bool while_reading);
  std::optional<std::string> find(const std::string &name, const Line &reader, bool while_reading);
  bool spend(const std::string &origin, size_t bytes);
  bool fail(Error error, const std::string &origin = {});
  void warn(const std::string &origin, const std::string &text);
  void warn_of_repeated(const Line &line, const Line &first);
  Result<void> outcome() const;

  std::unique_ptr<ConfigHost> host_;
  std::vector<Line> lines_;
  std::unordered_map<std::string, size_t> first_;  // a key's first line
  std::vector<Directive> directives_;
  std::set<std::string> read_;
  std::map<std::string, std::pair<std::string, std::string>> repeated_;  // not read yet: origin, warning
  std::vector<std::string> warnings_;
  std::optional<Error> error_;
  std::optional<Directive> opener_;  // of the block that is open
  Block block_;
  std::vector<std::string> open_files_;  // being read, outermost first
  std::string last_path_;                // of the file read last, which "ini = :section" means
  std::shared_ptr<const ConfigFile> first_file_;
  size_t references_open_ = 0;
  size_t spent_bytes_ = 0;
};

// UWSGI_FOO_BAR=x as the directive foo-bar = x, for the names that is_option knows. Others are placeholders,
// which nobody has to read: Debian's configuration has %(deb-confname). envp ends with a null pointer.
std::vector<Directive> directives_from_environment(const char *const *envp,
                                                   const std::function<bool(const std::string &)> &is_option);

}  // namespace mortise
