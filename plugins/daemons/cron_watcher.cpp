#include "cron_watcher.h"

#include <functional>
#include <string>

#include "registry.h"
#include "spawn.h"

namespace mortise::daemons {

namespace {

constexpr int kStepUs = 50'000;

// A name that only one process can have, and that goes with it: whether a unique job still runs is seen by
// servers of later generations, too. -1: it does.
int take_name(const uwsgi_cron &cron) {
  std::string key = std::to_string(cron.minute) + " " + std::to_string(cron.hour) + " " +
                    std::to_string(cron.day) + " " + std::to_string(cron.month) + " " +
                    std::to_string(cron.week) + " " + cron.command;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "mortise-cron-%d-%zx",
                     uwsgi_master_pid(), std::hash<std::string>()(key));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(len));
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr *>(&address), size) == 0) return fd;
  close(fd);
  return -1;
}

pid_t start_job(uwsgi_cron &cron, time_t now) {
  if (!cron.func) return start({.command = cron.command});
  pid_t child = fork();
  if (child != 0) return child;
  setsid();
  cron.func(&cron, now);
  fflush(nullptr);
  _exit(0);
}

// SIGTERM, and some seconds later SIGKILL, to all that the job has started.
void end_job(pid_t job, uint64_t mercy) {
  kill(-job, mercy ? SIGTERM : SIGKILL);
  for (uint64_t waited_us = 0; waited_us < mercy * 1'000'000 && kill(-job, 0) == 0; waited_us += kStepUs) {
    waitpid(job, nullptr, WNOHANG);
    usleep(kStepUs);
  }
  kill(-job, SIGKILL);
}

[[noreturn]] void watch(uwsgi_cron &cron, time_t now, int name_fd) {
  setsid();
  prepare_child_async_safe(name_fd);
  if (name_fd >= 0) fcntl(name_fd, F_SETFD, FD_CLOEXEC);
  uwsgi_log_through(-1);
  uint64_t started_us = uwsgi_monotonic_micros();
  uint64_t limit_s = cron.harakiri ? cron.harakiri : static_cast<uint64_t>(cron_harakiri);
  pid_t job = start_job(cron, now);
  if (job < 0) {
    uwsgi_log_verbose("cron '%s': fork: %s\n", cron.command, strerror(errno));
    _exit(1);
  }
  uwsgi_log_verbose("cron '%s' started (pid %d)\n", cron.command, job);
  int status = 0;
  bool too_long = false;
  while (waitpid(job, &status, limit_s ? WNOHANG : 0) == 0) {
    too_long = uwsgi_monotonic_micros() - started_us >= limit_s * 1'000'000;
    if (too_long) break;
    usleep(kStepUs);
  }
  if (too_long) {
    uwsgi_log_verbose("cron '%s' (pid %d) takes more than %llu s: it is ended (cron-harakiri)\n",
                      cron.command, job, static_cast<unsigned long long>(limit_s));
    end_job(job, cron.mercy);
    _exit(1);
  }
  double seconds = static_cast<double>(uwsgi_monotonic_micros() - started_us) / 1e6;
  if (WIFEXITED(status))
    uwsgi_log_verbose("cron '%s' (pid %d) ended with status %d after %.1f s\n", cron.command, job,
                      WEXITSTATUS(status), seconds);
  else
    uwsgi_log_verbose("cron '%s' (pid %d) was ended by signal %d after %.1f s\n", cron.command, job,
                      WTERMSIG(status), seconds);
  _exit(0);
}

}  // namespace

void start_watched(uwsgi_cron &cron, time_t now) {
  int name_fd = cron.unique ? take_name(cron) : -1;
  if (cron.unique && name_fd < 0)
    return uwsgi_log_verbose("cron '%s' still runs: not started again (unique)\n", cron.command);
  cron.started_at = now;
  cron.pid = fork();
  if (cron.pid == 0) watch(cron, now, name_fd);
  if (cron.pid < 0) uwsgi_log_verbose("cron '%s': fork: %s\n", cron.command, strerror(errno));
  if (name_fd >= 0) close(name_fd);
}

}  // namespace mortise::daemons
