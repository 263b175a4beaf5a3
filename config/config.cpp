#include "config/config.h"

#include <algorithm>
#include <utility>

#include "config/ini.h"
#include "config/known_options.h"
#include "config/placeholders.h"

namespace mortise {

namespace {

// No configuration comes near these; they end the ones that would grow for ever.
constexpr size_t kMaxIncludes = 16;
constexpr size_t kMaxReferences = 64;
constexpr size_t kMaxBytes = size_t{16} << 20;
constexpr size_t kBytesPerStep = 64;
constexpr size_t kMaxWarnings = 100;

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string joined(const std::vector<std::string> &words, const char *separator) {
  std::string text;
  for (const std::string &word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

}  // namespace

// What references mean in one line.
class Config::Source final : public PlaceholderSource {
 public:
  Source(Config &config, const Line &line, bool while_reading)
      : config_(config), line_(line), while_reading_(while_reading) {}

  Result<std::optional<std::string>> look_up(char sign, const std::string &name) override {
    if (sign == '$') return config_.host_->environment(name);
    if (sign == '@') {
      auto text = config_.host_->read_file(name);
      if (!text) return text.error();
      return std::optional(std::move(*text));
    }
    auto value = config_.find(name, line_, while_reading_);
    if (config_.error_) return *config_.error_;
    return value;
  }
  std::optional<std::string> magic(char letter) override {
    auto value = file_variable(letter, *line_.file, config_.first_file_ ? *config_.first_file_ : *line_.file);
    if (value) return value;
    return letter == '[' ? "\033" : config_.host_->fact(letter);
  }
  bool has_magic() const override { return line_.file != nullptr; }
  void warn(const std::string &text) override {
    config_.warn(line_.directive.origin, line_.directive.key + ": " + text);
  }

 private:
  Config &config_;
  const Line &line_;
  bool while_reading_;
};

Config::Config(std::unique_ptr<ConfigHost> host) : host_(std::move(host)) {}

Result<void> Config::add_file(const std::string &path) {
  include(Line{{"ini", path, "", true}, nullptr, {}, {}});
  return outcome();
}

Result<void> Config::add(Directive directive) {
  feed(Line{std::move(directive), nullptr, {}, {}});
  return outcome();
}

Result<void> Config::resolve() {
  close_block();
  while (directives_.size() < lines_.size() && !error_) {
    Line &line = lines_[directives_.size()];
    if (!line.value) line.value = expand(line, false);
    const auto &[key, written, origin, has_value] = line.directive;
    directives_.push_back({key, *line.value, origin, has_value});
  }
  return outcome();
}

Result<void> Config::outcome() const {
  if (error_) return *error_;
  return {};
}

// A line inside a block is applied once for each of the block's passes.
bool Config::feed(Line line) {
  const std::string &key = line.directive.key;
  const std::string &origin = line.directive.origin;
  if (opens_block(key)) return open(line);
  bool closes = closes_block(key);
  if (closes || key == "else") {
    if (!opener_) warn(origin, key + ": there is no for or if above it: ignored");
    std::swap(block_.passes, block_.passes_of_else);
    if (closes) opener_.reset();
    return true;
  }
  if (!opener_) return apply(std::move(line));
  for (const auto &pass : Block::Passes(block_.passes)) {  // a copy: an include has blocks of its own
    line.context = pass;
    if (!apply(line)) return false;
  }
  return true;
}

bool Config::open(Line opener) {
  const auto &[key, value, origin, has_value] = opener.directive;
  if (opener_)
    return fail({origin + ": " + key, "it stands inside " + opener_->key + " of " + opener_->origin,
                 "end that one first: blocks do not nest, as in uWSGI", kExitConfig});
  std::string argument = expand(opener, true);
  auto given = [this](const std::string &name) {
    std::vector<std::string> values;
    for (Line &line : lines_)
      if (line.directive.key == name) values.push_back(expand(line, true));
    if (!values.empty()) read_.insert(name);
    return values;
  };
  auto block = open_block(key, argument, *host_, given);
  if (!block) return fail(block.error(), origin);
  block_ = std::move(*block);
  opener_ = opener.directive;
  return !error_;
}

// At the end of a source its block ends too, as in uWSGI; that it was meant to is unlikely.
void Config::close_block() {
  if (opener_) warn(opener_->origin, opener_->key + ": nothing ends it: it reaches to the end of the file");
  opener_.reset();
}

bool Config::apply(Line line) {
  auto &[key, value, origin, has_value] = line.directive;
  if (!spend(origin, value.size())) return false;
  if (is_any(key, {"ini", "include", "inherit", "config"}) || host_->format_of_option(key))
    return include(std::move(line));
  if (is_any(key, {"set-placeholder", "set-ph", "set"})) {
    size_t equals = value.find('=');
    if (equals == std::string::npos || value.find_first_not_of(" \t") == equals)
      return fail({origin + ": " + key + " = " + value, "no name and value", "write " + key + " = name=value",
                   kExitConfig});
    key = value.substr(0, value.find_last_not_of(" \t", equals - 1) + 1);
    value.erase(0, value.find_first_not_of(" \t", equals + 1));
    read_.insert(key);
  }
  auto [entry, is_new] = first_.try_emplace(key, lines_.size());
  const Line &first = is_new ? line : lines_[entry->second];
  if (first.file == line.file && first.directive.value != value && !line.context && !find_known_option(key))
    warn_of_repeated(line, first);
  lines_.push_back(std::move(line));
  return true;
}

// Only names that somebody reads as %(name) are told: others may be options of plugins that are given in
// lists.
void Config::warn_of_repeated(const Line &line, const Line &first) {
  const auto &[key, value, origin, has_value] = first.directive;
  std::string text =
      key + " was set at " + origin + ": %(" + key + ") stays '" + value + "', the first value";
  if (read_.contains(key))
    warn(line.directive.origin, text);
  else
    repeated_.try_emplace(key, line.directive.origin, text);
}

// "path", "path:section" or ":section" of the file that was read last.
bool Config::include(Line line) {
  std::string target = expand(line, true);
  if (error_) return false;
  const auto &[key, value, origin, has_value] = line.directive;
  size_t colon = target.rfind(':');
  bool has_section = colon != target.npos && target.find('/', colon) == target.npos &&
                     (colon == 0 || host_->path_kind(target) == PathKind::kAbsent);
  std::string path = target.substr(0, has_section ? colon : target.npos);
  std::string section = has_section ? target.substr(colon + 1) : "";
  if (has_section && path.empty()) path = last_path_;
  if (path.empty())
    return fail({key + " = " + target, "no file is named", "write " + key + " = app.ini", kExitConfig},
                origin);
  std::string absolute = path.starts_with('/') ? path : host_->fact('v').value_or("") + "/" + path;
  return load({path, absolute, section}, key, origin);
}

bool Config::load(ConfigFile file, const std::string &key, const std::string &origin) {
  const bool is_template = key == "include" || key == "inherit";
  std::string section = file.section.empty() ? "uwsgi" : file.section;
  std::string label = file.given + ":" + section;
  bool cycle = std::find(open_files_.begin(), open_files_.end(), label) != open_files_.end();
  if (cycle || open_files_.size() == kMaxIncludes)
    return fail({"read " + label,
                 (cycle ? "it includes itself: " : "includes are nested too deeply: ") +
                     joined(open_files_, " -> ") + " -> " + label,
                 "remove one of these includes", kExitConfig},
                origin);
  auto text = host_->read_file(file.given == "-" ? "/dev/stdin" : file.given);
  if (!text)
    return fail({"read " + file.given, text.error().why,
                 file.given[0] == '/' ? "" : "relative paths start at " + host_->fact('v').value_or(""),
                 kExitNoInput},
                origin);
  auto format = key == "ini" ? std::nullopt : host_->format_of_option(key);
  if (!format && key != "ini") format = host_->format_of_file(file.given);
  auto ini =
      format ? host_->read_format(*format, file.given, section) : parse_ini(*text, file.given, section);
  if (!ini) return fail(ini.error());
  if (!ini->found) {
    std::string what = "there is no section [" + section + "] in " + file.given;
    std::string others = ini->names.empty() ? "it has none" : "it has [" + joined(ini->names, "], [") + "]";
    if (!file.section.empty()) return fail({what, others, {}, kExitConfig}, origin);
    warn(origin, what + ": " + others);
  }
  last_path_ = file.given;
  auto shared = std::make_shared<const ConfigFile>(std::move(file));
  if (!is_template && !first_file_) first_file_ = shared;
  open_files_.push_back(label);
  auto outer_opener = std::exchange(opener_, std::nullopt);
  Block outer_block = std::exchange(block_, {});
  for (IniEntry &entry : ini->entries) {
    std::string place = shared->given + (entry.line ? ":" + std::to_string(entry.line) : "");
    Directive directive{std::move(entry.key), std::move(entry.value), std::move(place), entry.has_value};
    if (!feed({std::move(directive), shared, {}, {}})) return false;
  }
  close_block();
  opener_ = std::move(outer_opener);
  block_ = std::move(outer_block);
  open_files_.pop_back();
  return true;
}

std::string Config::expand(Line &line, bool while_reading) {
  Source source(*this, line, while_reading);
  line.expanding = true;
  auto value = expand_placeholders(line.directive.value, source);
  line.expanding = false;
  if (value && spend(line.directive.origin, value->size())) return std::move(*value);
  if (!value) fail(value.error(), line.directive.origin);
  return {};
}

// What %(name) is for a line. While files are read, names that come later are not known yet.
std::optional<std::string> Config::find(const std::string &name, const Line &reader, bool while_reading) {
  const auto &[key, text, origin, has_value] = reader.directive;
  if (name == "_" && reader.context) return reader.context;
  auto first = first_.find(name);
  if (first == first_.end()) {
    if (while_reading) warn(origin, key + ": %(" + name + ") is not set above this line");
    return std::nullopt;
  }
  read_.insert(name);
  if (auto repeated = repeated_.extract(name)) warn(repeated.mapped().first, repeated.mapped().second);
  Line &line = lines_[first->second];
  if (line.value) return line.value;
  if (line.expanding) {
    warn(origin, key + ": %(" + name + ") refers to itself: kept as it is");
    return std::nullopt;
  }
  if (references_open_ == kMaxReferences) {
    fail({"%(" + name + ")", "names refer to each other too deeply", "use fewer steps", kExitConfig}, origin);
    return std::nullopt;
  }
  ++references_open_;
  std::string value = expand(line, while_reading);
  --references_open_;
  if (!while_reading) line.value = value;
  return value;
}

bool Config::spend(const std::string &origin, size_t bytes) {
  spent_bytes_ += bytes + kBytesPerStep;
  return spent_bytes_ <= kMaxBytes ||
         fail({"expand the configuration", "more than 16 MiB", "look for loops that multiply", kExitConfig},
              origin);
}

bool Config::fail(Error error, const std::string &origin) {
  if (!origin.empty()) error.what = origin + ": " + error.what;
  if (!error_) error_ = std::move(error);
  return false;
}

void Config::warn(const std::string &origin, const std::string &text) {
  std::string line = origin.empty() ? text : origin + ": " + text;
  bool is_new = std::find(warnings_.begin(), warnings_.end(), line) == warnings_.end();
  if (is_new && warnings_.size() < kMaxWarnings) warnings_.push_back(std::move(line));
}

std::vector<Directive> directives_from_environment(
    const char *const *envp, const std::function<bool(const std::string &)> &is_option) {
  std::vector<Directive> directives;
  for (; envp && *envp; ++envp) {
    std::string_view variable = *envp;
    size_t equals = variable.find('=');
    if (!variable.starts_with("UWSGI_") || equals == variable.npos || equals == 6) continue;
    std::string name(variable.substr(6, equals - 6));
    for (char &c : name) c = c == '_' ? '-' : static_cast<char>(tolower(static_cast<unsigned char>(c)));
    std::string value(variable.substr(equals + 1));
    if (!is_option(name)) {
      value.insert(0, name + "=");
      name = "set-placeholder";
    }
    bool has_value = !value.empty();
    directives.push_back({std::move(name), std::move(value), "environment", has_value});
  }
  return directives;
}

}  // namespace mortise
