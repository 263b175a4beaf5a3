#include "daemon_options.h"

#include <mutex>

#include "registry.h"

namespace mortise::daemons {

namespace {

constexpr int kDefaultFreq = 10;  // seconds between two looks at a pid file

Daemon &add(const char *option, const char *value, const char *command) {
  if (!command || !*command) refuse(option, value, "there is no command");
  auto *shared = static_cast<uwsgi_daemon *>(uwsgi_calloc_shared(sizeof(uwsgi_daemon)));
  shared->command = uwsgi_str(command);
  shared->stop_signal = SIGTERM;
  shared->freq = kDefaultFreq;
  uwsgi_daemon **end = &uwsgi.daemons;
  while (*end) end = &(*end)->next;
  *end = shared;
  return daemons().emplace_back(Daemon{shared, {}, {}});
}

// The first word and the rest.
std::pair<std::string, std::string> split(const char *option, const char *value, const char *why) {
  std::string text = value ? value : "";
  size_t space = text.find(' ');
  if (space == text.npos || space == 0) refuse(option, value, why);
  return {text.substr(0, space), text.substr(text.find_first_not_of(' ', space))};
}

Daemon &add_with_pidfile(const char *option, const char *value) {
  auto [pidfile, command] = split(option, value, "it must be a pid file and a command");
  Daemon &daemon = add(option, value, command.c_str());
  daemon.shared->pidfile = uwsgi_str(pidfile.c_str());
  return daemon;
}

struct Ids {
  uid_t uid;
  gid_t gid;
};

void set_user(const char *option, const char *value, const char *name, uwsgi_daemon *daemon) {
  const passwd *user = getpwnam(name);
  daemon->uid = user ? user->pw_uid : static_cast<uid_t>(atoi(name));
  if (daemon->uid == 0 && strcmp(name, "0") != 0 && strcmp(name, "root") != 0)
    refuse(option, value, "there is no such user");
}

void set_group(const char *option, const char *value, const char *name, uwsgi_daemon *daemon) {
  const group *found = getgrnam(name);
  daemon->gid = found ? found->gr_gid : static_cast<gid_t>(atoi(name));
  if (daemon->gid == 0 && strcmp(name, "0") != 0 && strcmp(name, "root") != 0)
    refuse(option, value, "there is no such group");
}

bool is_on(const char *text) {
  return text && strcmp(text, "0") != 0 && strcmp(text, "false") != 0;
}

}  // namespace

void add_attached(char *name, char *value, void *) {
  add(name, value, value);
}

void add_control(char *name, char *value, void *) {
  add(name, value, value).shared->control = 1;
}

void add_smart(char *name, char *value, void *) {
  add_with_pidfile(name, value);
}

void add_smart2(char *name, char *value, void *) {
  add_with_pidfile(name, value).shared->has_daemonized = 1;
}

void add_for_legion(char *name, char *value, void *inner) {
  auto [legion, rest] = split(name, value, "it must begin with the name of a legion");
  reinterpret_cast<void (*)(char *, char *, void *)>(inner)(name, uwsgi_str(rest.c_str()), nullptr);
  daemons().back().legion = legion;
}

void add_keyval(char *name, char *value, void *) {
  char *command = nullptr, *cmd = nullptr, *exec = nullptr, *freq = nullptr, *pidfile = nullptr,
       *control = nullptr, *daemonize = nullptr, *daemon_word = nullptr, *touch = nullptr,
       *stopsignal = nullptr, *stop_signal = nullptr, *reloadsignal = nullptr, *reload_signal = nullptr,
       *with_stdin = nullptr, *uid = nullptr, *gid = nullptr, *ns_pid = nullptr, *chdir = nullptr,
       *max_throttle = nullptr, *legion = nullptr;
  if (!value ||
      uwsgi_kvlist_parse_strict(
          value, strlen(value), ',', '=', "command", &command, "cmd", &cmd, "exec", &exec, "freq", &freq,
          "pidfile", &pidfile, "control", &control, "daemonize", &daemonize, "daemon", &daemon_word, "touch",
          &touch, "stopsignal", &stopsignal, "stop_signal", &stop_signal, "reloadsignal", &reloadsignal,
          "reload_signal", &reload_signal, "stdin", &with_stdin, "uid", &uid, "gid", &gid, "ns_pid", &ns_pid,
          "chdir", &chdir, "max_throttle", &max_throttle, "legion", &legion, nullptr))
    refuse(name, value,
           "unknown key (there are: cmd, pidfile, daemonize, control, freq, touch, stopsignal, reloadsignal, "
           "stdin, uid, gid, chdir, "
           "max_throttle, legion)");
  Daemon &daemon = add(name, value, command ? command : cmd ? cmd : exec);
  uwsgi_daemon *shared = daemon.shared;
  shared->pidfile = pidfile;
  shared->has_daemonized = is_on(daemonize) || is_on(daemon_word);
  shared->control = is_on(control);
  shared->honour_stdin = is_on(with_stdin);
  if (freq) shared->freq = std::max(1, atoi(freq));
  if (const char *number = stopsignal ? stopsignal : stop_signal) shared->stop_signal = atoi(number);
  if (const char *number = reloadsignal ? reloadsignal : reload_signal) shared->reload_signal = atoi(number);
  if (uid) set_user(name, value, uid, shared);
  if (gid) set_group(name, value, gid, shared);
  if (chdir) daemon.chdir = chdir;
  if (legion) daemon.legion = legion;
  if (max_throttle) daemon.max_throttle = std::max(1, atoi(max_throttle));
  if (ns_pid)
    uwsgi_log("option '%s': ns_pid changes nothing: daemons are in the server's pid namespace\n", name);
  char *rest = touch;
  for (char *path = rest ? strtok_r(rest, ";", &rest) : nullptr; path; path = strtok_r(nullptr, ";", &rest))
    uwsgi_string_new_list(&shared->touch, path);
}

}  // namespace mortise::daemons
