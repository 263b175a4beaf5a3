#include "heartbeat.h"

#include <uwsgi.h>

#include <cstdlib>

#include "settings.h"
#include "vassals.h"

namespace mortise::emperor {

namespace {

int &emperor_fd() {
  static int fd = [] {
    const char *text = getenv("UWSGI_EMPEROR_FD");
    return text && settings().own_heartbeat_seconds > 0 ? atoi(text) : -1;
  }();
  return fd;
}

}  // namespace

void send_heartbeat() {
  static int64_t next_ms = 0;
  const int64_t now = now_ms();
  if (emperor_fd() < 0 || now < next_ms) return;
  next_ms = now + int64_t{settings().own_heartbeat_seconds} * 1000;
  constexpr char kBeat = 26;
  send(emperor_fd(), &kBeat, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void leave_pipe_to_master(int step) {
  if (step != 1 || emperor_fd() < 0) return;
  close(emperor_fd());
  emperor_fd() = -1;
}

}  // namespace mortise::emperor
