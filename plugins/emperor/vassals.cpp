#include "vassals.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "launch.h"
#include "settings.h"

// Before the first vassal, for monitors that walk along them from ui->ui_next.
static uwsgi_instance before_first;
extern "C" UWSGI_API uwsgi_instance *const ui = &before_first;

namespace mortise::emperor {

namespace {

constexpr int64_t kLoyalMs = 30'000;  // who lives as long as this starts with a clean slate
constexpr char kHeartbeat = 26;       // uWSGI's numbers of what a vassal tells
constexpr int kUnknown = -1;          // how one ended that an emperor before had started
constexpr int kExile = 26;            // and of its end when it wants to stay away

void close_pipe(Vassal &vassal) {
  if (vassal.pipe[0] >= 0) {
    event_queue_del_fd(uwsgi.emperor_queue, vassal.pipe[0], event_queue_read());
    close(vassal.pipe[0]);
  }
  vassal.pipe[0] = -1;
}

void hear(Vassal &vassal) {
  char told[64];
  const ssize_t len = recv(vassal.pipe[0], told, sizeof told, MSG_DONTWAIT);
  if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) return close_pipe(vassal);
  if (len > 0 && memchr(told, kHeartbeat, static_cast<size_t>(len))) vassal.heartbeat_ms = now_ms();
}

void start(Vassal &vassal) {
  vassal.heartbeat_ms = 0;
  close_pipe(vassal);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, vassal.pipe)) vassal.pipe[0] = vassal.pipe[1] = -1;
  run_phase("emperor-start");
  run_hook_command(settings().start_hook, vassal);
  vassal.pid = launch(vassal, vassal.config_fd, vassal.life_fd);
  if (vassal.pipe[1] >= 0) close(std::exchange(vassal.pipe[1], -1));
  vassal.last_run = uwsgi_now();
  if (!vassal.first_run) vassal.first_run = vassal.last_run;
  if (vassal.pid < 0) {
    uwsgi_log("[emperor] start vassal %s: %s (tried again in a second)\n", vassal.name, strerror(errno));
    vassal.pid = 0;
    vassal.due_ms = now_ms() + 1000;
    return;
  }
  vassal.pidfd = static_cast<int>(syscall(SYS_pidfd_open, vassal.pid, 0));
  watch(vassal);
  uwsgi_log("[emperor] vassal %s (pid %d) started\n", vassal.name, static_cast<int>(vassal.pid));
}

// Only who has sent one is expected to go on.
void look_after_heartbeat(Vassal &vassal) {
  const int64_t limit_ms = int64_t{settings().heartbeat_seconds} * 1000;
  if (!vassal.heartbeat_ms || vassal.pid <= 0 || now_ms() - vassal.heartbeat_ms <= limit_ms) return;
  uwsgi_log("[emperor] vassal %s sent no heartbeat for %d s: killing it\n", vassal.name,
            settings().heartbeat_seconds);
  vassal.heartbeat_ms = 0;
  tell(vassal, SIGKILL);
}

void drop(Vassal *vassal) {
  vassal->ui_prev->ui_next = vassal->ui_next;
  uwsgi.vassals = before_first.ui_next;
  if (vassal->ui_next) vassal->ui_next->ui_prev = vassal->ui_prev;
  uwsgi_log("[emperor] vassal %s %s\n", vassal->name, uwsgi_stopping() ? "stopped" : "removed");
  run_phase("emperor-stop");
  run_hook_command(settings().stop_hook, *vassal);
  if (vassal->config_fd >= 0) close(vassal->config_fd);
  close_pipe(*vassal);
  while (vassal->attrs) {
    uwsgi_dyn_dict *attribute = vassal->attrs;
    vassal->attrs = attribute->next;
    free(attribute);
  }
  free(vassal->config);
  free(vassal->socket_name);
  delete vassal;
}

// A vassal that died is started again: at first soon, then less and less often.
void retry_later(Vassal &vassal, int status) {
  const int64_t lived_ms = (uwsgi_now() - vassal.last_run) * 1000;
  const int64_t most = int64_t{settings().max_throttle_seconds} * 1000;
  const bool fresh = lived_ms >= kLoyalMs || vassal.wait_ms == 0 || settings().no_blacklist;
  vassal.wait_ms = fresh ? settings().throttle_ms : std::min(vassal.wait_ms * 2, most);
  vassal.due_ms = now_ms() + vassal.wait_ms;
  std::string how;
  if (status != kUnknown)
    how = WIFSIGNALED(status) ? ": signal " + std::to_string(WTERMSIG(status))
                              : ": status " + std::to_string(WEXITSTATUS(status));
  uwsgi_log("[emperor] vassal %s ended%s (started again in %lld ms)\n", vassal.name, how.c_str(),
            static_cast<long long>(vassal.wait_ms));
}

void ended(Vassal &vassal, int status) {
  event_queue_del_fd(uwsgi.emperor_queue, vassal.pidfd, event_queue_read());
  close(vassal.pidfd);
  vassal.pidfd = -1;
  if (vassal.life_fd >= 0) close(std::exchange(vassal.life_fd, -1));
  vassal.pid = 0;
  ++vassal.respawned;
  vassal.status = status;
  if (vassal.gone) return;
  if (std::exchange(vassal.cursed_at, 0)) {
    vassal.due_ms = 0;  // it was told to, to come back at once
  } else if (status != kUnknown && WIFEXITED(status) && WEXITSTATUS(status) == kExile) {
    uwsgi_log("[emperor] vassal %s left with status 26; it is started again when its configuration changes\n",
              vassal.name);
    vassal.due_ms = INT64_MAX;
  } else {
    retry_later(vassal, status);
  }
}

void keep_config(Vassal &vassal, const char *config, uint32_t len) {
  if (!config) return;
  if (vassal.config_fd < 0) vassal.config_fd = memfd_create(vassal.name, 0);
  if (vassal.config_fd < 0 || ftruncate(vassal.config_fd, 0) ||
      pwrite(vassal.config_fd, config, len, 0) != static_cast<ssize_t>(len))
    uwsgi_log("[emperor] keep the configuration of vassal %s: %s\n", vassal.name, strerror(errno));
  vassal.pipe_config[1] = vassal.config_fd;
}

}  // namespace

int64_t now_ms() {
  return static_cast<int64_t>(uwsgi_monotonic_micros() / 1000);
}

Vassal *first_vassal() {
  return static_cast<Vassal *>(before_first.ui_next);
}

Vassal *next_vassal(const Vassal *vassal) {
  return static_cast<Vassal *>(vassal->ui_next);
}

void watch(const Vassal &vassal) {
  for (int fd : {vassal.pidfd, vassal.pipe[0]})
    if (fd >= 0) event_queue_add_fd_read(uwsgi.emperor_queue, fd);
}

// Its number may be another's by now where it is not this process that reaps it.
void tell(const Vassal &vassal, int signum) {
  if (vassal.pidfd < 0)
    kill(vassal.pid, signum);
  else
    syscall(SYS_pidfd_send_signal, vassal.pidfd, signum, nullptr, 0);
}

int tend_vassals() {
  int64_t next = now_ms() + 1000;
  for (Vassal *vassal = first_vassal(), *following; vassal; vassal = following) {
    following = next_vassal(vassal);
    const int64_t now = now_ms();
    if (vassal->pid == 0 && vassal->gone) {
      drop(vassal);
      continue;
    }
    if (vassal->pid == 0 && vassal->due_ms <= now) start(*vassal);
    if (vassal->pid > 0 && vassal->cursed_at && vassal->due_ms <= now) {
      uwsgi_log("[emperor] vassal %s did not stop in %d s: killing it\n", vassal->name,
                settings().curse_seconds);
      tell(*vassal, SIGKILL);
      vassal->due_ms = INT64_MAX;
    }
    look_after_heartbeat(*vassal);
    const bool waits = vassal->pid == 0 || vassal->cursed_at;
    if (waits) next = std::min(next, std::max(vassal->due_ms, now + 1));
  }
  return static_cast<int>(next - now_ms());
}

bool vassal_event(int fd) {
  for (Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal)) {
    if (vassal->pipe[0] == fd) return hear(*vassal), true;
    if (vassal->pidfd != fd) continue;
    int status = 0;
    const pid_t reaped = waitpid(vassal->pid, &status, WNOHANG);
    if (reaped == vassal->pid) ended(*vassal, status);
    if (reaped < 0 && errno == ECHILD) ended(*vassal, kUnknown);
    return true;
  }
  return false;
}

void stop_all_vassals() {
  for (Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal)) emperor_stop(vassal);
}

}  // namespace mortise::emperor

using namespace mortise::emperor;

extern "C" {

uwsgi_instance *emperor_get(const char *name) {
  for (Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal))
    if (!vassal->gone && !strcmp(vassal->name, name)) return vassal;
  return nullptr;
}

uwsgi_instance *emperor_get_by_fd(int fd) {
  for (Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal))
    if (vassal->pipe[0] == fd || vassal->pidfd == fd) return vassal;
  return nullptr;
}

// config and attrs are the emperor's from now on.
void emperor_add_with_attrs(uwsgi_emperor_scanner *scanner, char *name, time_t born, char *config,
                            uint32_t config_len, uid_t uid, gid_t gid, char *socket_name,
                            uwsgi_dyn_dict *attrs) {
  if (strlen(name) >= sizeof uwsgi_instance::name) {
    uwsgi_log("[emperor] vassal %s: its name is longer than %zu bytes\n", name,
              sizeof uwsgi_instance::name - 1);
    return;
  }
  auto *vassal = new Vassal{};
  strcpy(vassal->name, name);
  vassal->born = uwsgi_now();
  vassal->last_mod = born;
  vassal->config = config;
  vassal->config_len = config_len;
  vassal->use_config = config != nullptr;
  vassal->uid = uid;
  vassal->gid = gid;
  vassal->scanner = scanner;
  vassal->socket_name = socket_name ? uwsgi_str(socket_name) : nullptr;
  vassal->on_demand_fd = -1;
  vassal->pipe[0] = vassal->pipe[1] = vassal->pipe_config[0] = vassal->pipe_config[1] = -1;
  vassal->attrs = attrs ? attrs : collect_attributes(*vassal);
  vassal->ui_prev = &before_first;
  vassal->ui_next = before_first.ui_next;
  if (vassal->ui_next) vassal->ui_next->ui_prev = vassal;
  uwsgi.vassals = before_first.ui_next = vassal;
  keep_config(*vassal, config, config_len);
}

void emperor_add(uwsgi_emperor_scanner *scanner, char *name, time_t born, char *config, uint32_t config_len,
                 uid_t uid, gid_t gid, char *socket_name) {
  emperor_add_with_attrs(scanner, name, born, config, config_len, uid, gid, socket_name, nullptr);
}

void emperor_del(uwsgi_instance *instance) {
  emperor_stop(instance);
}

void emperor_stop(uwsgi_instance *instance) {
  auto *vassal = static_cast<Vassal *>(instance);
  vassal->gone = true;
  if (vassal->pid <= 0 || vassal->cursed_at) return;
  vassal->cursed_at = uwsgi_now();
  vassal->due_ms = now_ms() + int64_t{settings().curse_seconds} * 1000;
  tell(*vassal, SIGTERM);
}

// Its configuration changed: it reads it again, or is started if it does not run.
void emperor_respawn(uwsgi_instance *instance, time_t mod) {
  auto *vassal = static_cast<Vassal *>(instance);
  vassal->last_mod = mod;
  if (vassal->use_config) keep_config(*vassal, vassal->config, vassal->config_len);
  if (vassal->pid > 0) {
    uwsgi_log("[emperor] vassal %s (pid %d): its configuration changed, reloading it\n", vassal->name,
              static_cast<int>(vassal->pid));
    run_phase("emperor-reload");
    tell(*vassal, SIGHUP);
  } else {
    vassal->wait_ms = 0;
    vassal->due_ms = 0;
  }
}

}  // extern "C"
