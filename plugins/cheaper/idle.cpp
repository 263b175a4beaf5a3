#include "idle.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "workers.h"

namespace mortise::cheaper {

namespace {

int listeners = -1;  // an epoll that watches the listening sockets while there is no worker
bool idle = false;
bool began = false;
uint64_t busy_us = 0;  // monotonic, last time that something happened

int workers_wanted() {
  return uwsgi.cheaper_count > 0 ? std::max(uwsgi.cheaper_count, uwsgi.cheaper_initial) : uwsgi.numproc;
}

void watch_listeners(int operation) {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket->fd;
    if (socket->fd >= 0) epoll_ctl(listeners, operation, socket->fd, &event);
  }
}

void wake(int, void *) {
  if (!idle) return;
  idle = false;
  busy_us = uwsgi_monotonic_micros();
  watch_listeners(EPOLL_CTL_DEL);
  uwsgi_log("a connection came: the workers start\n");
  for (int count = workers_wanted(); count > 0 && uwsgi_start_worker(0); --count) continue;
}

void fall_asleep() {
  idle = true;
  while (uwsgi_retire_worker(0)) continue;
  watch_listeners(EPOLL_CTL_ADD);
}

bool wanted_cheap = false;  // by the master's fifo; done once the server serves

void go_cheap(int) {
  wanted_cheap = !idle;
  uwsgi_log("cheap: the workers end until a connection comes\n");
}

uint64_t requests() {
  uint64_t sum = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) sum += uwsgi.workers[wid].requests;
  return sum;
}

}  // namespace

void prepare_idleness() {
  auto set_slot =
      reinterpret_cast<decltype(&uwsgi_fifo_set_slot)>(dlsym(RTLD_DEFAULT, "uwsgi_fifo_set_slot"));
  if (!set_slot && !idle_seconds && !start_cheap) return;
  if (set_slot) set_slot('C', go_cheap);
  listeners = epoll_create1(EPOLL_CLOEXEC);
  if (uwsgi_master_add_fd(listeners, wake, nullptr))
    uwsgi_log("error: idle: watch the listening sockets: %s\n", strerror(errno));
}

bool is_idle() {
  return idle;
}

void watch_idleness() {
  static uint64_t counted = 0;
  if (listeners < 0 || idle || uwsgi_server_state() != UWSGI_SERVING) return;
  if (std::exchange(wanted_cheap, false)) return fall_asleep();
  const uint64_t now_us = uwsgi_monotonic_micros();
  uint64_t count = requests();
  bool busy = count_workers([](int wid) { return runs(wid) && uwsgi_worker_is_busy(wid); }) > 0;
  if (count != counted || busy || busy_us == 0) busy_us = now_us;
  counted = count;
  if (!began) {
    began = true;
    if (start_cheap && uwsgi_generation() == 0) return fall_asleep();
  }
  if (!idle_seconds || now_us - busy_us < static_cast<uint64_t>(idle_seconds) * 1'000'000) return;
  uwsgi_log("no request for %d seconds: %s\n", idle_seconds,
            die_on_idle ? "the server ends" : "the workers end until one comes");
  die_on_idle ? uwsgi_stop_server(0) : fall_asleep();
}

}  // namespace mortise::cheaper
