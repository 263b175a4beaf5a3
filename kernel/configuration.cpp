#include "kernel/configuration.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "config/always_so.h"
#include "config/command_line.h"
#include "config/config.h"
#include "config/config_formats.h"
#include "config/known_options.h"
#include "config/options.h"
#include "kernel/kernel_options.h"
#include "kernel/log.h"
#include "kernel/packet.h"
#include "kernel/plugin_loader.h"
#include "kernel/plugin_registry.h"
#include "sdk/runtime/address.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

bool is_any(const std::string &key, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

bool names_folder(const Directive &directive) {
  return is_any(directive.key, {"plugin-dir", "plugins-dir"});
}
bool names_plugins(const Directive &directive) {
  return is_any(directive.key, {"plugin", "plugins", "need-plugin", "need-plugins"});
}

// Loads what --plugin and its like name; folders count first, wherever they stand.
Result<void> load_named_plugins(const std::vector<Directive> &directives) {
  for (const Directive &directive : directives)
    if (names_folder(directive)) plugin_loader().add_folder(directive.value);
  for (const Directive &directive : directives) {
    if (!names_plugins(directive)) continue;
    for (const std::string &item : split_quoted(directive.value, ", \t"))
      if (auto done = plugin_loader().load(item); !done) return done;
  }
  return {};
}

// The row of an option or, for "-w", of a shortcut, from the plugin that has it if that is not loaded yet;
// nullptr: nobody has it.
Result<const uwsgi_option *> find_or_load(std::string_view name) {
  auto find = [&] {
    bool is_shortcut = name.size() == 2 && name[0] == '-';
    return is_shortcut ? option_table().find_shortcut(name[1]) : option_table().find(name);
  };
  if (const uwsgi_option *row = find()) return row;
  auto loaded = plugin_loader().load_for_option(name);
  if (!loaded) return loaded.error();
  return *loaded ? find() : nullptr;
}

Config &config() {
  static Config sources(std::make_unique<FormatHost>([](const std::string &name) {
    if (auto found = find_or_load(name); !found) log_error(found.error());
  }));
  return sources;
}

bool offer_to_plugins(const std::string &argument) {
  for (uwsgi_plugin *plugin : loaded_plugins()) {
    if (!plugin->magic) continue;
    char *kept = uwsgi_str(argument.c_str());  // the plugin may keep it
    if (plugin->magic(nullptr, kept) != 0) return true;
  }
  return false;
}

// What nobody in this server implements: known to uWSGI, read back as a placeholder, or a mistake.
Result<void> skip_unknown(const Directive &directive) {
  option_table().record(directive.key, directive.has_value ? directive.value.c_str() : nullptr);
  if (find_known_option(directive.key)) {
    log_warning(
        "%s: option '%s' is uWSGI's and not implemented here: it has no effect (remove it, or see "
        "CHANGES.md)",
        directive.origin.c_str(), directive.key.c_str());
    return {};
  }
  if (config().was_read(directive.key)) return {};
  Error error = option_table().unknown(directive.key);
  error.what = directive.origin + ": " + error.what;
  if (settings().strict) return error;
  log_warning("%s", error.message().c_str());
  return {};
}

Result<void> apply_one(Directive directive) {
  auto row = find_or_load(directive.key);
  if (directive.key == "protocol")  // its plugin has an option that is named after it
    if (auto loaded = find_or_load(directive.value + "-socket"); !loaded) return loaded.error();
  if (!row) return row.error();
  if (!*row) return skip_unknown(directive);
  directive.value = shared_socket_address(directive.value, settings().shared_sockets);
  return option_table().apply(directive);
}

// What a file says that an option's function reads; it applies at once, as in uWSGI.
Result<void> read_late(const char *path) {
  const size_t before = config().directives().size();
  if (auto done = config().add({"ini", path, "a plugin", true}); !done) return done;
  if (auto done = config().resolve(); !done) return done;
  const std::vector<Directive> directives = config().directives();
  for (size_t i = before; i < directives.size(); ++i)
    if (auto done = apply_one(directives[i]); !done) return done;
  return {};
}

}  // namespace

Result<void> read_configuration() {
  init_plugin_registry();
  register_uwsgi_protocol();
  option_table().add("kernel", kernel_options());
  option_table().add("always so", always_so_options());

  auto named =
      scan_command_line(uwsgi.argc, uwsgi.argv,
                        {"plugin", "plugins", "need-plugin", "need-plugins", "plugin-dir", "plugins-dir"});
  if (auto done = load_named_plugins(named); !done) return done;

  CommandLineHelp help;
  Result<void> loading;
  help.load_option = [&](std::string_view name) -> const uwsgi_option * {
    auto row = find_or_load(name);
    if (!row) loading = row.error();
    return row ? *row : nullptr;
  };
  help.magic = [&](const std::string &argument) { return offer_to_plugins(argument); };
  help.is_configuration = [](const std::string &argument) {
    return config().format_of_file(argument).has_value();
  };
  auto typed = parse_command_line(uwsgi.argc, uwsgi.argv, option_table(), help);
  if (!loading) return loading;
  if (!typed) return typed.error();

  auto is_option = [](const std::string &name) {
    return option_table().find(name) != nullptr || find_known_option(name).has_value();
  };
  for (Directive &directive : directives_from_environment(uwsgi.environ, is_option))
    if (auto done = config().add(std::move(directive)); !done) return done;
  for (Directive &directive : *typed)
    if (auto done = config().add(std::move(directive)); !done) return done;
  if (auto done = config().resolve(); !done) return done;
  for (const std::string &warning : config().warnings()) log_warning("%s", warning.c_str());
  if (auto found = find_or_load("no-crash-report"); !found) return found.error();
  if (getenv("NOTIFY_SOCKET"))
    if (auto found = find_or_load("sd-notify"); !found) return found.error();
  return load_named_plugins(config().directives());
}

Result<void> apply_configuration() {
  // A copy: an option's function may add directives.
  const std::vector<Directive> directives = config().directives();
  for (bool immediate : {true, false})
    for (const Directive &directive : directives) {
      if (option_table().is_immediate(directive.key) != immediate) continue;
      if (auto done = apply_one(directive); !done) return done;
    }
  option_table().report_comments();
  if (settings().show_config)
    for (const Directive &directive : directives)
      log_info("config: %s = %s (%s)", directive.key.c_str(), directive.value.c_str(),
               directive.origin.c_str());
  return {};
}

void print_help() {
  init_plugin_registry();
  option_table().add("kernel", kernel_options());
  option_table().add("always so", always_so_options());
  for (const std::string &name : plugin_loader().names())
    if (auto done = plugin_loader().load(name); !done) log_warning("%s", done.error().message().c_str());
  printf("usage: mortise [OPTION…] [FILE.ini]\n\n%s", option_table().help().c_str());
}

}  // namespace mortise

extern "C" void uwsgi_opt_load_ini(char *, char *value, void *) {
  if (auto done = mortise::read_late(value ? value : ""); !done) mortise::refuse_option_value(done.error());
}
