// The hook table: tells the service manager how the server is, sd_notify(3), in the few lines of its
// protocol. Loaded by the server where NOTIFY_SOCKET is set.
#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/timerfd.h>

#include <cstdlib>
#include <string>

namespace {

int wanted = 1;

uwsgi_option options[] = {
    {"sd-notify", no_argument, 0, "tell systemd how the server is (default where NOTIFY_SOCKET is set)",
     uwsgi_opt_true, &wanted, 0},
    UWSGI_END_OF_OPTIONS};

void notify(const std::string &text) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (!path || !wanted || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  size_t len = std::min(strlen(path), sizeof address.sun_path - 1);
  memcpy(address.sun_path, path, len);
  if (*path == '@') address.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<sockaddr *>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + len));
  close(fd);
}

void tell_state(int state) {
  const std::string workers = std::to_string(uwsgi.numproc) + " workers at most";
  if (state == UWSGI_SERVING)
    notify("READY=1\nMAINPID=" + std::to_string(getpid()) + "\nSTATUS=serving, " + workers);
  if (state == UWSGI_RELOADING)
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(uwsgi_monotonic_micros()) + "\nSTATUS=reloading");
  if (state == UWSGI_STOPPING) notify("STOPPING=1\nSTATUS=stopping");
}

// Half of what systemd allows, as sd_watchdog_enabled(3) advises.
uint64_t watchdog_us() {
  const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  if (!period || (pid && atoi(pid) != getpid())) return 0;
  return strtoull(period, nullptr, 10) / 2;
}

// By the master's loop, so that one which hangs is noticed.
void bark(int timer, void *) {
  uint64_t count;
  if (read(timer, &count, sizeof count) == sizeof count) notify("WATCHDOG=1");
}

int start_watchdog() {
  const uint64_t period_us = uwsgi_generation() < 0 ? 0 : watchdog_us();
  if (!period_us || !wanted) return 0;
  const timespec period{static_cast<time_t>(period_us / 1'000'000),
                        static_cast<long>(period_us % 1'000'000 * 1000)};
  const itimerspec times{period, {0, 1}};
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer >= 0 && timerfd_settime(timer, 0, &times, nullptr) == 0 &&
      uwsgi_master_add_fd(timer, bark, nullptr) == 0)
    return 0;
  uwsgi_log("error: the watchdog of systemd: %s (raise the limit of open files)\n", strerror(errno));
  return -1;
}

void cycle() {
  static int told = UWSGI_STARTING;
  if (int state = uwsgi_server_state(); state != told) tell_state(told = state);
}

}  // namespace

uwsgi_plugin systemd_plugin = {
    .name = "systemd",
    .init = start_watchdog,
    .options = options,
    .master_cycle = cycle,
};
