#include "unix_signals.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <csignal>
#include <set>
#include <string_view>

#include "actions.h"

namespace mortise::hooks {

namespace {

void (*functions[NSIG])(int);
std::set<int> &taken() {
  static std::set<int> numbers;
  return numbers;
}
int ends[2] = {-1, -1};  // the handler writes what the master's loop reads

void stop(int) {
  uwsgi_stop_server(0);
}
void stop_at_once(int) {
  uwsgi_stop_server(1);
}
void reload(int) {
  uwsgi_reload_server();
}
void start_worker(int) {
  uwsgi_start_worker(0);
}
void retire_worker(int) {
  uwsgi_retire_worker(0);
}

// Functions of uWSGI's master that configurations name.
constexpr struct {
  std::string_view name;
  void (*func)(int);
} kKnown[] = {{"gracefully_kill_them_all", stop},
              {"kill_them_all", stop_at_once},
              {"end_me", stop_at_once},
              {"goodbye_cruel_world", stop},
              {"grace_them_all", reload},
              {"reap_them_all", reload},
              {"warn_me", [](int) {}},
              {"uwsgi_master_inc_workers", start_worker},
              {"uwsgi_master_dec_workers", retire_worker}};

void on_signal(int signum) {
  int saved = errno;
  auto number = static_cast<unsigned char>(signum);
  ssize_t written = write(ends[1], &number, 1);
  (void)written;  // fails where as many are waiting as the pipe holds
  errno = saved;
}

void act(int fd, void *) {
  unsigned char number = 0;
  while (read(fd, &number, 1) == 1) {
    uwsgi_log_verbose("SIG%s: %s\n", sigabbrev_np(number) ? sigabbrev_np(number) : "?", "as a hook says");
    if (functions[number]) functions[number](number);
  }
}

int number_of(std::string_view text) {
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number)
    if (const char *name = sigabbrev_np(number); name && text == name) return number;
  return atoi(std::string(text).c_str());
}

}  // namespace

int set_unix_signal(char *args) {
  auto words = split_words(args, 2);
  int number = words.empty() ? 0 : number_of(words[0]);
  if (words.size() != 2 || number <= 0 || number >= NSIG || number == SIGKILL || number == SIGSTOP ||
      number == SIGCHLD) {
    uwsgi_log("hook: unix_signal:%s: it needs the number of a signal that can be caught, and a function\n",
              args);
    return -1;
  }
  void (*func)(int) = nullptr;
  for (const auto &known : kKnown)
    if (words[1] == known.name) func = known.func;
  if (!func) func = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, words[1].c_str()));
  if (!func) {
    uwsgi_log("hook: unix_signal:%s: there is no function '%s' in the server or its plugins\n", args,
              words[1].c_str());
    return -1;
  }
  if (ends[0] < 0 && (pipe2(ends, O_CLOEXEC | O_NONBLOCK) || uwsgi_master_add_fd(ends[0], act, nullptr)))
    return failed("watch signals", words[0]);
  functions[number] = func;
  taken().insert(number);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
  // The master reads its own signals from a descriptor, for which they are blocked; one that is not comes
  // here.
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  return 0;
}

void forget_unix_signals() {
  for (int number : taken()) {
    struct sigaction now {};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == on_signal) signal(number, SIG_DFL);
  }
}

}  // namespace mortise::hooks
