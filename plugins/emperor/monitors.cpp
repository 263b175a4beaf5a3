#include "monitors.h"

#include <glob.h>
#include <uwsgi.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>

#include "settings.h"
#include "vassals.h"

namespace mortise::emperor {

namespace {

uwsgi_imperial_monitor *monitors;
uwsgi_emperor_scanner *scanners;

bool is_configuration(const std::string &path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.starts_with('.')) return false;
  for (const uwsgi_string_list *ending = settings().extensions; ending; ending = ending->next)
    if (name.ends_with(ending->value)) return true;
  return name.ends_with(".ini");
}

// One file that is there: new, changed, or as it was.
void see(uwsgi_emperor_scanner *scanner, const std::string &path) {
  struct stat info;
  if (stat(path.c_str(), &info) || !S_ISREG(info.st_mode)) return;
  uid_t uid = 0;
  gid_t gid = 0;
  if (settings().tyrant) {
    struct stat owner = info;
    if (settings().tyrant_nofollow && lstat(path.c_str(), &owner)) return;
    uid = owner.st_uid, gid = owner.st_gid;
    if (uid == 0) {
      static std::set<std::string> told;
      if (told.insert(path).second)
        uwsgi_log(
            "[emperor] %s belongs to root: not started (emperor-tyrant; chown it to the vassal's user)\n",
            path.c_str());
      return;
    }
  }
  std::string name = path;
  char *config = nullptr;
  size_t len = 0;
  // A plugin wants the vassal to get its configuration by a descriptor: it cannot open the file.
  if (uwsgi.emperor_force_config_pipe) config = uwsgi_open_and_read(name.c_str(), &len, 1, nullptr);
  uwsgi_emperor_simple_do(scanner, name.data(), config, info.st_mtime, uid, gid, nullptr);
}

void drop_missing(const uwsgi_emperor_scanner *scanner) {
  for (Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal))
    if (vassal->scanner == scanner && !vassal->gone && access(vassal->name, F_OK) != 0) emperor_stop(vassal);
}

void scan_folder(uwsgi_emperor_scanner *scanner) {
  std::error_code error;
  std::filesystem::directory_iterator entries(scanner->arg, error);
  if (error) {
    uwsgi_log("[emperor] read %s: %s\n", scanner->arg, error.message().c_str());
    return;
  }
  for (const auto &entry : entries)
    if (is_configuration(entry.path().string())) see(scanner, entry.path().string());
  drop_missing(scanner);
}

void scan_pattern(uwsgi_emperor_scanner *scanner) {
  glob_t found{};
  if (glob(scanner->arg, GLOB_NOSORT, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) see(scanner, found.gl_pathv[i]);
  globfree(&found);
  drop_missing(scanner);
}

uwsgi_imperial_monitor folder_monitor{uwsgi_str("dir"), nullptr, scan_folder, nullptr};
uwsgi_imperial_monitor pattern_monitor{uwsgi_str("glob"), nullptr, scan_pattern, nullptr};

// Sets what is left of the argument as well: "dir://x" and "x" are the same, a monitor of a plugin keeps it
// all.
uwsgi_imperial_monitor *monitor_for(char **text) {
  for (uwsgi_imperial_monitor *monitor = monitors; monitor; monitor = monitor->next) {
    const size_t len = strlen(monitor->scheme);
    if (!strncmp(*text, monitor->scheme, len) && ((*text)[len] == ':' || (*text)[len] == '\0'))
      return monitor;
  }
  for (const char *prefix : {"dir://", "glob://"})
    if (!strncmp(*text, prefix, strlen(prefix))) {
      *text += strlen(prefix);
      return *prefix == 'd' ? &folder_monitor : &pattern_monitor;
    }
  if (strpbrk(*text, "*?[")) return &pattern_monitor;
  return uwsgi_is_dir(*text) ? &folder_monitor : nullptr;
}

}  // namespace

void choose_monitors() {
  for (const uwsgi_string_list *source = settings().sources; source; source = source->next) {
    char *argument = source->value;
    uwsgi_imperial_monitor *monitor = monitor_for(&argument);
    if (!monitor) {
      uwsgi_log(
          "[emperor] emperor = %s: %s (name a folder, a pattern such as /etc/uwsgi/*.ini, or a monitor of a "
          "plugin that is loaded)\n",
          source->value, access(source->value, F_OK) ? strerror(errno) : "it is no folder");
      uwsgi_exit(78);
    }
    auto *scanner = static_cast<uwsgi_emperor_scanner *>(uwsgi_calloc(sizeof(uwsgi_emperor_scanner)));
    scanner->arg = argument;
    scanner->fd = -1;
    scanner->monitor = monitor;
    scanner->next = scanners;
    scanners = scanner;
  }
}

void start_scanners() {
  for (uwsgi_emperor_scanner *scanner = scanners; scanner; scanner = scanner->next)
    if (scanner->monitor->init) scanner->monitor->init(scanner);
}

uwsgi_emperor_scanner *scanner_of(const char *argument) {
  uwsgi_emperor_scanner *scanner = scanners;
  while (scanner && strcmp(scanner->arg, argument) != 0) scanner = scanner->next;
  return scanner;
}

void scan() {
  for (uwsgi_emperor_scanner *scanner = scanners; scanner; scanner = scanner->next)
    if (scanner->monitor->func) scanner->monitor->func(scanner);
}

bool scanner_event(int fd) {
  for (uwsgi_emperor_scanner *scanner = scanners; scanner; scanner = scanner->next)
    if (scanner->fd == fd && scanner->event_func) return scanner->event_func(scanner), true;
  return false;
}

static void add_monitor(uwsgi_imperial_monitor *monitor) {
  monitor->next = monitors;
  monitors = monitor;
}

}  // namespace mortise::emperor

using namespace mortise::emperor;

extern "C" {

void uwsgi_register_imperial_monitor(const char *name, void (*init)(uwsgi_emperor_scanner *),
                                     void (*func)(uwsgi_emperor_scanner *)) {
  add_monitor(new uwsgi_imperial_monitor{uwsgi_str(name), init, func, nullptr});
}

// What a monitor tells of a vassal that is there: it is started if it is new, reloaded if it is newer. config
// is the emperor's from now on.
void uwsgi_emperor_simple_do_with_attrs(uwsgi_emperor_scanner *scanner, char *name, char *config, time_t ts,
                                        uid_t uid, gid_t gid, char *socket_name, uwsgi_dyn_dict *attrs) {
  uwsgi_instance *known = emperor_get(name);
  if (!known) {
    emperor_add_with_attrs(scanner, name, ts, config, config ? static_cast<uint32_t>(strlen(config)) : 0, uid,
                           gid, socket_name, attrs);
    return;
  }
  if (ts <= known->last_mod) return free(config);
  if (config) {
    free(known->config);
    known->config = config;
    known->config_len = static_cast<uint32_t>(strlen(config));
  }
  emperor_respawn(known, ts);
}

void uwsgi_emperor_simple_do(uwsgi_emperor_scanner *scanner, char *name, char *config, time_t ts, uid_t uid,
                             gid_t gid, char *socket_name) {
  uwsgi_emperor_simple_do_with_attrs(scanner, name, config, ts, uid, gid, socket_name, nullptr);
}

}  // extern "C"
