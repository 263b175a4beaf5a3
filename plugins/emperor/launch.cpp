#include "launch.h"

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "settings.h"

namespace mortise::emperor {

namespace {

class CommandLine {
 public:
  explicit CommandLine(const char *program) { add(program); }
  void add(const std::string &word) { words_.push_back(word); }
  void add(const char *option, const uwsgi_string_list *values) {
    for (; values; values = values->next) add(option), add(values->value);
  }
  // Valid as long as this object; ends with a null pointer.
  char **argv() {
    pointers_.clear();
    for (std::string &word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

 private:
  std::vector<std::string> words_;
  std::vector<char *> pointers_;
};

CommandLine command_line(const uwsgi_instance &vassal, int config_fd) {
  const Settings &wanted = settings();
  CommandLine line(wanted.wrapper ? wanted.wrapper : uwsgi.binary_path);
  line.add("--inherit", wanted.inherit_before);
  line.add("--include", wanted.include_before);
  line.add("--ini");
  line.add(config_fd >= 0 ? "/proc/self/fd/" + std::to_string(config_fd) : vassal.name);
  line.add("--inherit", wanted.inherit);
  line.add("--include", wanted.include);
  line.add("--set", wanted.set);
  if (vassal.socket_name) line.add("--socket"), line.add(vassal.socket_name);
  return line;
}

// As fork(2), but in new namespaces.
pid_t fork_apart() {
  const int flags = settings().namespaces;
  return flags ? static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr))
               : fork();
}

void pass_on_pipe(const uwsgi_instance &vassal) {
  if (vassal.pipe[1] < 0) return;
  fcntl(vassal.pipe[1], F_SETFD, 0);
  setenv("UWSGI_EMPEROR_FD", std::to_string(vassal.pipe[1]).c_str(), 1);
}

// A death signal (prctl(2)) would come with each reload of the emperor, too. life_fd stays open in the
// vassal; the system sends the signal when nobody has the other end, whichever user the vassal has become.
void end_with_emperor(int life_fd) {
  fcntl(life_fd, F_SETFD, 0);
  fcntl(life_fd, F_SETSIG, SIGTERM);
  fcntl(life_fd, F_SETOWN, getpid());
  fcntl(life_fd, F_SETFL, O_ASYNC | O_NONBLOCK);
  pollfd life{life_fd, POLLIN, 0};
  if (poll(&life, 1, 0) != 0) _exit(0);  // dead already
}

// Between fork and exec; the emperor has one thread.
[[noreturn]] void become(uwsgi_instance &vassal, char **argv, int life_fd) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signum : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2})
    signal(signum, SIG_DFL);
  end_with_emperor(life_fd);
  pass_on_pipe(vassal);
  setsid();
  const auto each_plugin = [&](auto hook) {
    for (uwsgi_plugin *plugin : uwsgi.p) hook(plugin);
    for (int i = 0; i < uwsgi.gp_cnt; ++i) hook(uwsgi.gp[i]);
  };
  each_plugin([&](const uwsgi_plugin *plugin) {
    if (plugin->vassal) plugin->vassal(&vassal);
  });
  run_phase("as-vassal-before-drop");
  if (vassal.uid && (setgroups(0, nullptr) || setgid(vassal.gid) || setuid(vassal.uid))) {
    uwsgi_log("[emperor] vassal %s: become user %d: %s\n", vassal.name, static_cast<int>(vassal.uid),
              strerror(errno));
    _exit(71);
  }
  run_phase("as-vassal");
  each_plugin([&](const uwsgi_plugin *plugin) {
    if (plugin->vassal_before_exec) plugin->vassal_before_exec(&vassal, argv);
  });
  execvp(argv[0], argv);
  uwsgi_log("[emperor] vassal %s: run %s: %s\n", vassal.name, argv[0], strerror(errno));
  _exit(127);
}

}  // namespace

void run_phase(const char *name) {
  static const auto run =
      reinterpret_cast<decltype(&uwsgi_hooks_run_phase)>(dlsym(RTLD_DEFAULT, "uwsgi_hooks_run_phase"));
  if (run) run(name);
}

pid_t launch(uwsgi_instance &vassal, int config_fd, int &life_fd) {
  CommandLine line = command_line(vassal, config_fd);
  char **argv = line.argv();
  int life[2];
  if (pipe2(life, O_CLOEXEC)) return -1;
  const pid_t pid = fork_apart();
  if (pid == 0) {
    close(life[1]);
    become(vassal, argv, life[0]);
  }
  const int why = errno;
  close(life[0]);
  if (pid > 0)
    life_fd = life[1];
  else
    close(life[1]);
  errno = why;
  return pid;
}

void set_namespaces(char *name, char *value, void *) {
  constexpr struct {
    std::string_view name;
    int flag;
  } kRows[] = {{"fs", CLONE_NEWNS},   {"mount", CLONE_NEWNS}, {"ipc", CLONE_NEWIPC},  {"net", CLONE_NEWNET},
               {"pid", CLONE_NEWPID}, {"uts", CLONE_NEWUTS},  {"user", CLONE_NEWUSER}};
  std::istringstream words(value);
  for (std::string word; std::getline(words, word, ',');) {
    int flag = 0;
    for (const auto &row : kRows)
      if (row.name == word) flag = row.flag;
    if (!flag) {
      uwsgi_log("error: %s = %s: there is no namespace '%s' (fs, ipc, net, pid, user, uts)\n", name, value,
                word.c_str());
      uwsgi_exit(64);
    }
    settings().namespaces |= flag;
  }
}

void run_hook_command(const char *command, const uwsgi_instance &vassal) {
  if (!command) return;
  setenv("UWSGI_VASSAL_CONFIG", vassal.name, 1);
  setenv("UWSGI_VASSAL_PID", std::to_string(vassal.pid).c_str(), 1);
  std::string copy = command;
  if (const int status = uwsgi_run_command_and_wait(copy.data(), nullptr); status != 0)
    uwsgi_log("[emperor] %s for vassal %s: status %d\n", command, vassal.name, status);
}

uwsgi_dyn_dict *collect_attributes(const uwsgi_instance &vassal) {
  uwsgi_dyn_dict *found = nullptr;
  if (!settings().attributes && !uwsgi.emperor_collect_attributes) return found;
  std::istringstream given(vassal.config ? std::string(vassal.config, vassal.config_len) : std::string());
  std::ifstream file;
  if (!vassal.config) file.open(vassal.name);
  std::istream &text = vassal.config ? static_cast<std::istream &>(given) : file;
  auto wanted = [](const std::string &key) {
    for (const uwsgi_string_list *list : {settings().attributes, uwsgi.emperor_collect_attributes})
      for (; list; list = list->next)
        if (key == list->value) return true;
    return false;
  };
  auto trim = [](const std::string &word) {
    const size_t begin = word.find_first_not_of(" \t\r"), end = word.find_last_not_of(" \t\r");
    return begin == std::string::npos ? std::string() : word.substr(begin, end - begin + 1);
  };
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    line = trim(line);
    if (line.starts_with('[')) inside = line == "[emperor]";
    const size_t equals = line.find('=');
    if (!inside || equals == std::string::npos || line.starts_with(';') || line.starts_with('#')) continue;
    const std::string key = trim(line.substr(0, equals)), value = trim(line.substr(equals + 1));
    if (wanted(key))
      uwsgi_dyn_dict_new(&found, strdup(key.c_str()), static_cast<int>(key.size()), strdup(value.c_str()),
                         static_cast<int>(value.size()));
  }
  return found;
}

}  // namespace mortise::emperor

extern "C" {

char *vassal_attr_get(uwsgi_instance *vassal, const char *attr) {
  for (uwsgi_dyn_dict *item = vassal->attrs; item; item = item->next)
    if (attr && !uwsgi_strncmp(attr, static_cast<int>(strlen(attr)), item->key, item->keylen))
      return item->value;
  return nullptr;
}

int vassal_attr_get_multi(uwsgi_instance *vassal, const char *attr, int (*func)(char *, void *), void *data) {
  for (uwsgi_dyn_dict *item = vassal->attrs; item; item = item->next)
    if (attr && !uwsgi_strncmp(attr, static_cast<int>(strlen(attr)), item->key, item->keylen))
      if (const int result = func(item->value, data)) return result;
  return 0;
}

}  // extern "C"
