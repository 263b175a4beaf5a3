#include "emperor_process.h"

#include <uwsgi.h>

#include <sys/eventfd.h>

#include <cstring>
#include <string>

#include "launch.h"
#include "monitors.h"
#include "settings.h"
#include "succession.h"
#include "vassals.h"

namespace mortise::emperor {

namespace {

constexpr int kEvents = 64;
int rescan_fd = -1;  // the master writes to it
int stats_fd = -1;

std::string json_text(const char *text) {
  std::string escaped(strlen(text) * 6 + 1, '\0');
  escape_json(text, strlen(text), escaped.data());
  escaped.resize(strlen(escaped.c_str()));
  return "\"" + escaped + "\"";
}

// With uWSGI's keys.
std::string state_as_json() {
  auto number = [](auto value) { return std::to_string(static_cast<long long>(value)); };
  std::string text = "{\"version\":\"" UWSGI_VERSION "\",\"pid\":" + number(getpid()) +
                     ",\"uid\":" + number(getuid()) + ",\"gid\":" + number(getgid()) +
                     ",\"cwd\":" + json_text(uwsgi.cwd) + ",\"emperor\":[";
  for (const uwsgi_string_list *source = settings().sources; source; source = source->next)
    text += json_text(source->value) + (source->next ? "," : "");
  text += std::string("],\"emperor_tyrant\":") + (settings().tyrant ? "1" : "0") + ",\"vassals\":[";
  for (Vassal *vassal = first_vassal(); vassal; vassal = next_vassal(vassal)) {
    text += "{\"id\":" + json_text(vassal->name) + ",\"pid\":" + number(vassal->pid) +
            ",\"born\":" + number(vassal->born) + ",\"last_mod\":" + number(vassal->last_mod) +
            ",\"last_run\":" + number(vassal->last_run) + ",\"first_run\":" + number(vassal->first_run) +
            ",\"uid\":" + number(vassal->uid) + ",\"gid\":" + number(vassal->gid) +
            ",\"respawns\":" + number(vassal->respawned) + ",\"cursed_at\":" + number(vassal->cursed_at) +
            ",\"monitor\":" + json_text(vassal->scanner ? vassal->scanner->arg : "") + "}";
    if (vassal->ui_next) text += ",";
  }
  return text + "],\"blacklist\":[]}\n";
}

void tell_state(int listener) {
  const int client = uwsgi_accept(listener);
  if (client < 0) return;
  const std::string text = state_as_json();
  uwsgi_write_true_nb(client, text.data(), text.size(), 1);
  close(client);
}

void write_pidfile() {
  if (!settings().pidfile) return;
  FILE *file = fopen(settings().pidfile, "we");
  if (!file) {
    uwsgi_error_open(settings().pidfile);
    return;
  }
  fprintf(file, "%d\n", static_cast<int>(getpid()));
  fclose(file);
}

// Since it was asked last.
bool rescan_asked() {
  uint64_t count;
  return read(rescan_fd, &count, sizeof count) == sizeof count;
}

void wait_for_events(int timeout_ms) {
  pollfd queue{uwsgi.emperor_queue, POLLIN, 0};
  if (poll(&queue, 1, timeout_ms) <= 0) return;
  static void *events = event_queue_alloc(kEvents);
  const int count = event_queue_wait_multi(uwsgi.emperor_queue, 0, events, kEvents);
  for (int i = 0; i < count; ++i) {
    const int fd = event_queue_interesting_fd(events, i);
    if (fd == stats_fd) {
      tell_state(fd);
    } else if (fd != rescan_fd && !vassal_event(fd)) {
      scanner_event(fd);
    }
  }
}

}  // namespace

void prepare_rescan() {
  rescan_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void bind_stats() {
  if (settings().sources && settings().stats) stats_fd = uwsgi_bind_or_exit(settings().stats, nullptr);
}

void ask_rescan() {
  const uint64_t one = 1;
  uwsgi_log("emperor: the configurations are looked at\n");
  [[maybe_unused]] ssize_t written = write(rescan_fd, &one, sizeof one);
}

void run_emperor(int, void *) {
  uwsgi.emperor_queue = event_queue_init();
  uwsgi.emperor_pid = getpid();
  if (uwsgi.emperor_freq <= 0) uwsgi.emperor_freq = 3;
  run_phase("as-emperor");
  write_pidfile();
  if (stats_fd >= 0) event_queue_add_fd_read(uwsgi.emperor_queue, stats_fd);
  event_queue_add_fd_read(uwsgi.emperor_queue, uwsgi_stop_fd());
  event_queue_add_fd_read(uwsgi.emperor_queue, rescan_fd);
  start_scanners();
  announce_successor();
  uwsgi_process_ready();
  wait_for_inheritance();
  int64_t next_scan_ms = 0;
  while (!uwsgi_stopping()) {
    if (rescan_asked() || now_ms() >= next_scan_ms) {
      scan();
      next_scan_ms = now_ms() + int64_t{uwsgi.emperor_freq} * 1000;
    }
    wait_for_events(tend_vassals());
  }
  if (hand_over_vassals()) return;
  stop_all_vassals();
  event_queue_del_fd(uwsgi.emperor_queue, uwsgi_stop_fd(), event_queue_read());
  while (first_vassal()) wait_for_events(tend_vassals());
  if (settings().pidfile) unlink(settings().pidfile);
}

}  // namespace mortise::emperor
