#include "fifo.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace mortise::control {

namespace {

using Command = void (*)(int command);

std::vector<std::string> &paths() {
  static std::vector<std::string> list;
  return list;
}
int reader = -1;
bool removed = false;

void open_slot(int command);

void for_each_worker(void (*act)(int wid)) {
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    if (uwsgi.workers[wid].pid > 0) act(wid);
}

void log_workers(int) {
  int running = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) running += uwsgi.workers[wid].pid > 0;
  uwsgi_log("%d workers of %d at most, generation %d%s\n", running, uwsgi.numproc, uwsgi_generation(),
            uwsgi_workers_paused() ? ", paused" : "");
  for_each_worker([](int wid) {
    const uwsgi_worker &worker = uwsgi.workers[wid];
    uwsgi_log("worker %d (pid %d): %s, %llu requests, started %llu times\n", wid, worker.pid,
              uwsgi_worker_is_busy(wid) ? "busy" : "idle", static_cast<unsigned long long>(worker.requests),
              static_cast<unsigned long long>(worker.respawn_count));
  });
}

// What only a plugin that is not loaded could do.
template <const char *Reason>
void say_why_not(int command) {
  uwsgi_log("master fifo: '%c' has no effect: %s\n", command, Reason);
}
constexpr char kNoEmperor[] = "this server is no emperor (see --emperor)";
constexpr char kNoVassal[] = "a server does not ask its emperor for reinforcement (set cheaper and workers)";
constexpr char kNoForkServer[] = "vassals are started by the emperor itself, there is no fork server";
constexpr char kNoLogFile[] = "the server has no log file of its own (see --logto with --log-master)";
constexpr char kNoPidFile[] = "the server has no pid file (see --pidfile)";
constexpr char kNoSubscription[] = "the server does not announce itself to gateways (see --subscribe-to)";
constexpr char kNotCheap[] = "the plugin cheaper is not loaded (add --plugin cheaper)";

std::array<Command, 256> &commands() {
  static std::array<Command, 256> table = [] {
    std::array<Command, 256> all{};
    for (size_t digit = '0'; digit <= '9'; ++digit) all[digit] = open_slot;
    all['+'] = [](int) { uwsgi_start_worker(0); };
    all['-'] = [](int) { uwsgi_retire_worker(0); };
    all['r'] = all['R'] = [](int) { uwsgi_reload_server(); };
    all['c'] = all['w'] = [](int) { uwsgi_replace_worker(0); };
    all['W'] = [](int) { for_each_worker([](int wid) { kill(uwsgi.workers[wid].pid, SIGKILL); }); };
    all['q'] = [](int) { uwsgi_stop_server(0); };
    all['Q'] = [](int) { uwsgi_stop_server(1); };
    all['s'] = log_workers;
    all['p'] = [](int) { uwsgi_pause_workers(!uwsgi_workers_paused()); };
    all['C'] = say_why_not<kNotCheap>;
    all['P'] = say_why_not<kNoPidFile>;
    all['l'] = all['L'] = say_why_not<kNoLogFile>;
    all['S'] = say_why_not<kNoSubscription>;
    all['E'] = say_why_not<kNoEmperor>;
    all['B'] = say_why_not<kNoVassal>;
    all['f'] = say_why_not<kNoForkServer>;
    return all;
  }();
  return table;
}

void take_commands(int fd, void *) {
  unsigned char bytes[256];
  ssize_t got = read(fd, bytes, sizeof bytes);
  for (ssize_t i = 0; i < got; ++i) {
    if (isspace(bytes[i])) continue;
    if (Command command = commands()[bytes[i]])
      command(bytes[i]);
    else
      uwsgi_log("master fifo: no command '%c' (see the README of plugins/control)\n",
                isprint(bytes[i]) ? bytes[i] : '?');
  }
}

// The number of a user or group that an option names; -1: none, or not one that there is.
template <typename Entry, typename Id>
Id id_of(const char *option, Entry *(*find)(const char *), Id Entry::*member) {
  const char *name = uwsgi_option_value(option);
  if (!name) return static_cast<Id>(-1);
  char *end = nullptr;
  const unsigned long number = strtoul(name, &end, 10);
  if (*name && !*end) return static_cast<Id>(number);
  const Entry *entry = find(name);
  return entry ? entry->*member : static_cast<Id>(-1);
}

// A fifo that root makes belongs to the user that the master becomes, who has to open it again in a reload.
// Whose folder it is may have put something else in its place.
bool give_to_user_of_master(int fd) {
  struct stat status {};
  if (geteuid() != 0 || uwsgi_option_value("master-as-root")) return true;
  if (fstat(fd, &status) || !S_ISFIFO(status.st_mode) || status.st_nlink != 1) return errno = EEXIST, false;
  return fchown(fd, id_of("uid", getpwnam, &passwd::pw_uid), id_of("gid", getgrnam, &group::gr_gid)) == 0;
}

// Opened for writing too: a pipe whose last writer left would be readable for ever.
bool open_path(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISFIFO(status.st_mode)) {
    uwsgi_log("error: master-fifo %s: there is another file of that name (remove it or choose another)\n",
              path.c_str());
    return false;
  }
  const bool made = mkfifo(path.c_str(), 0600) == 0;
  int fd = made || errno == EEXIST
               ? open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | (made ? O_NOFOLLOW : 0))
               : -1;
  if (fd >= 0 && made && !give_to_user_of_master(fd)) {
    const int errnum = errno;
    close(std::exchange(fd, -1));
    errno = errnum;
  }
  if (fd < 0) {
    uwsgi_log("error: master-fifo %s: %s\n", path.c_str(), strerror(errno));
    return false;
  }
  // The number stays, so that the master watches one descriptor only; what epoll knows is the file behind it.
  if (reader >= 0) close(reader);
  reader = fd;
  return uwsgi_master_add_fd(reader, take_commands, nullptr) == 0;
}

void open_slot(int command) {
  static size_t current = 0;
  if (isdigit(command)) current = static_cast<size_t>(command - '0');
  if (current < paths().size() && open_path(paths()[current]))
    uwsgi_log("master fifo: %s\n", paths()[current].c_str());
}

// Commands would go to either of them.
bool is_read_by_another_server(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) || !S_ISFIFO(status.st_mode)) return false;
  int fd = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

}  // namespace

void add_fifo(char *, char *path, void *) {
  paths().push_back(path);
  uwsgi_load_plugin("cheaper");  // the commands +, - and C are about what it does
}

// The generation before goes on reading a fifo that the next one could not.
int try_fifo() {
  const char *path = paths().front().c_str();
  if (access(path, R_OK | W_OK) == 0 || errno == ENOENT) return 0;
  uwsgi_log("error: master-fifo %s: %s (remove it, or give it to the user of the server)\n", path,
            strerror(errno));
  return -1;
}

int open_fifos() {
  if (paths().empty()) return 0;
  if (uwsgi_generation() < 0) return try_fifo();
  if (uwsgi_generation() == 0 && is_read_by_another_server(paths().front())) {
    uwsgi_log("error: master-fifo %s: another server reads it (stop that one, or choose another name)\n",
              paths().front().c_str());
    return -1;
  }
  if (!open_path(paths().front())) return -1;
  atexit(remove_fifos);  // also of a start that fails later; other processes end by _exit(2)
  return 0;
}

void close_fifo() {
  if (reader >= 0) close(reader);
  reader = -1;
}

void remove_fifos() {
  if (std::exchange(removed, true)) return;
  if (uwsgi.vacuum)
    for (const std::string &path : paths()) unlink(path.c_str());
}

}  // namespace mortise::control

extern "C" void uwsgi_fifo_set_slot(char slot, void (*func)(int)) {
  mortise::control::commands()[static_cast<unsigned char>(slot)] = func;
}
