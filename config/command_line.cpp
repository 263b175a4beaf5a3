#include "config/command_line.h"

#include <algorithm>
#include <optional>
#include <string>

#include "config/known_options.h"
#include "kernel/log.h"

namespace mortise {

namespace {

constexpr char kOrigin[] = "command line";

Error usage(std::string what, std::string why, std::string hint) {
  return Error{std::move(what), std::move(why), std::move(hint), kExitUsage};
}

// Name and kind of argument of an option, from whoever knows it.
struct Kind {
  std::string name;
  int argument = no_argument;
};

Kind kind_of(const uwsgi_option &option) {
  return {option.name, option.type};
}

// The option that reads a configuration file of this name: "ini" for app.ini and app.ini:section.
std::optional<std::string> option_for_file(std::string_view argument) {
  for (const char *suffix : {"ini", "xml", "yaml", "yml", "json"}) {
    std::string_view file = argument.substr(0, argument.rfind(':'));
    std::string dotted = std::string(".") + suffix;
    if (argument.ends_with(dotted) || file.ends_with(dotted)) return suffix;
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(int argc, char **argv, const OptionTable &table, const CommandLineHelp &help)
      : arguments_(argv + std::min(argc, 1), argv + argc), table_(table), help_(help) {}

  Result<std::vector<Directive>> run() {
    bool options_end = false;
    while (next_ < arguments_.size()) {
      std::string_view argument = arguments_[next_++];
      Result<void> done;
      if (options_end || argument.size() < 2 || argument[0] != '-')
        done = take_bare(argument);
      else if (argument == "--")
        options_end = true;
      else
        done = argument[1] == '-' ? take_long(argument) : take_letters(argument);
      if (!done) return done.error();
    }
    return std::move(directives_);
  }

 private:
  std::optional<Kind> find(std::string_view name) const {
    if (const uwsgi_option *option = table_.find(name)) return kind_of(*option);
    if (const uwsgi_option *option = help_.load_option ? help_.load_option(name) : nullptr)
      return kind_of(*option);
    auto known = find_known_option(name);
    if (!known) return std::nullopt;
    return Kind{std::string(name), known->kind == ArgumentKind::kFlag    ? no_argument
                                   : known->kind == ArgumentKind::kValue ? required_argument
                                                                         : optional_argument};
  }

  std::optional<Kind> find_letter(char letter) const {
    if (const uwsgi_option *option = table_.find_shortcut(letter)) return kind_of(*option);
    const uwsgi_option *option = help_.load_option ? help_.load_option(std::string{'-', letter}) : nullptr;
    if (!option) return std::nullopt;
    return kind_of(*option);
  }

  // The next argument as the value of an option; one that is itself an option is no value.
  Result<void> take_value(std::string_view written, const std::string &name) {
    std::string_view value = next_ < arguments_.size() ? arguments_[next_] : "";
    bool is_option = value.starts_with("--") && find(value.substr(2, value.find('=') - 2));
    if (next_ >= arguments_.size() || is_option)
      return usage("option '" + std::string(written) + "'", "its value is missing",
                   "write " + std::string(written) + " VALUE");
    ++next_;
    return add(name, value);
  }

  Result<void> take_long(std::string_view written) {
    size_t equal = written.find('=');
    std::string_view before = written.substr(0, equal), name = before.substr(2);
    auto kind = find(name);
    if (!kind) return table_.unknown(before);
    if (equal != written.npos) return add(kind->name, written.substr(equal + 1));
    if (kind->argument == required_argument) return take_value(written, kind->name);
    return add_bare(written, kind->name, kind->argument == optional_argument);
  }

  Result<void> take_letters(std::string_view written) {
    for (size_t i = 1; i < written.size(); ++i) {
      std::string letter = {'-', written[i]};
      auto kind = find_letter(written[i]);
      if (!kind) return table_.unknown(letter);
      std::string_view rest = written.substr(i + 1);
      if (kind->argument == no_argument || (kind->argument == optional_argument && rest.empty())) {
        if (auto done = add_bare(letter, kind->name, kind->argument == optional_argument); !done) return done;
        continue;
      }
      return rest.empty() ? take_value(letter, kind->name) : add(kind->name, rest);
    }
    return {};
  }

  Result<void> take_bare(std::string_view argument) {
    if (auto option = option_for_file(argument)) return add(*option, argument);
    if (help_.is_configuration && help_.is_configuration(std::string(argument)))
      return add("config", argument);
    if (help_.magic && help_.magic(std::string(argument))) {
      if (!last_bare_.empty() && last_may_have_value_)
        log_warning("argument '%s' is taken for what to serve (for a value of %s write %s=%s)",
                    log_escape(argument).c_str(), last_bare_.c_str(), last_bare_.c_str(),
                    log_escape(argument).c_str());
      return {};
    }
    std::string hint = "see mortise --help";
    if (!last_bare_.empty())
      hint = "to give it to the option before, write " + last_bare_ + "=" + log_escape(argument);
    return usage("argument '" + log_escape(argument) + "'",
                 "it is neither an option nor a file that a plugin takes", hint);
  }

  Result<void> add(std::string name, std::string_view value) {
    directives_.push_back({std::move(name), std::string(value), kOrigin, true});
    last_bare_.clear();
    return {};
  }

  Result<void> add_bare(std::string_view written, std::string name, bool takes_value) {
    last_may_have_value_ = takes_value;
    last_bare_ = written.size() == 2 ? "--" + name : written;
    directives_.push_back({std::move(name), "", kOrigin, false});
    return {};
  }

  std::vector<std::string_view> arguments_;
  size_t next_ = 0;
  const OptionTable &table_;
  const CommandLineHelp &help_;
  std::vector<Directive> directives_;
  std::string last_bare_;  // the option just before, where it took no value
  bool last_may_have_value_ = false;
};

}  // namespace

Result<std::vector<Directive>> parse_command_line(int argc, char **argv, const OptionTable &table,
                                                  const CommandLineHelp &help) {
  return Parser(argc, argv, table, help).run();
}

std::vector<Directive> scan_command_line(int argc, char **argv,
                                         std::initializer_list<std::string_view> names) {
  std::vector<Directive> found;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--") break;
    for (std::string_view name : names) {
      if (!argument.starts_with("--") || !argument.substr(2).starts_with(name)) continue;
      std::string_view rest = argument.substr(2 + name.size());
      if (rest.starts_with('='))
        found.push_back({std::string(name), std::string(rest.substr(1)), kOrigin, true});
      if (rest.empty() && i + 1 < argc) found.push_back({std::string(name), argv[i + 1], kOrigin, true});
    }
  }
  return found;
}

}  // namespace mortise
