#include "loop.h"

#include <sys/epoll.h>

#include <exception>
#include <initializer_list>

#include "cores.h"
#include "waits.h"

namespace mortise::async {

namespace {

constexpr int kHeadGraceS = 1;  // of a head that has not come whole when the worker is to stop

bool accepting = false;

void watch_listeners(bool on) {
  if (accepting == on) return;
  accepting = on;
  for (const uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    if (socket->fd < 0) continue;
    if (on) {
      event_queue_add_fd_read(queue(), socket->fd);
    } else {
      event_queue_del_fd(queue(), socket->fd, event_queue_read());
    }
  }
}

uwsgi_socket *listener_of(int fd) {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (socket->fd == fd) return socket;
  return nullptr;
}

void read_head(wsgi_request *request) {
  uwsgi.wsgi_req = request;
  const int status = request->socket->proto(request);
  if (status == UWSGI_AGAIN && watch_head(request, request->socket->header_timeout)) return;
  async_reset_request(request);
  if (status != UWSGI_OK) return end_request(request);
  core_of(request).has_head = true;
  enqueue(request);
}

// As many as there are cores for; what waits in the backlog is another worker's, or comes later.
void accept_from(uwsgi_socket &listener) {
  for (;;) {
    wsgi_request *request = find_first_available_wsgi_req();
    if (!request) {
      uwsgi_async_queue_is_full(uwsgi_now());
      return watch_listeners(false);
    }
    wsgi_req_setup(request, request->async_id, &listener);
    if (wsgi_req_simple_accept(request, listener.fd)) return give_back(request);
    core_of(request).serves = true;
    read_head(request);
  }
}

void handle(int fd, bool &stopping) {
  if (fd == uwsgi_stop_fd()) {
    stopping = true;
    event_queue_del_fd(queue(), fd, event_queue_read());
    watch_listeners(false);
    hurry_heads(kHeadGraceS);
  } else if (fd == uwsgi.signal_socket || fd == uwsgi.my_signal_socket) {
    uwsgi_receive_signal(fd, "worker", uwsgi.mywid);
  } else if (wsgi_request *request = watcher_of(fd)) {
    core_of(request).has_head ? report_ready(request, fd) : read_head(request);
  } else if (uwsgi_socket *listener = listener_of(fd); listener && !stopping) {
    accept_from(*listener);
  }
}

// Those that have a turn now; who asks for another one gets it at the next.
void give_turns() {
  for (size_t left = queued(); left > 0; --left) {
    wsgi_request *request = dequeue();
    uwsgi.wsgi_req = request;
    in_request = true;
    uwsgi.schedule_to_req();
    in_request = false;
    ++request->switches;
    if (core_of(request).serves && !waits(request)) enqueue(request);
  }
  uwsgi.wsgi_req = nullptr;
}

void run_hook(wsgi_request *request) {
  Core &core = core_of(request);
  if (!core.routed) {
    core.routed = true;
    if (uwsgi.route && uwsgi.route(request) == UWSGI_ROUTE_BREAK) {
      request->async_status = UWSGI_OK;
      return;
    }
  }
  try {
    request->async_status = uwsgi.p[request->uh->modifier1]->request(request);
  } catch (const std::exception &error) {
    uwsgi_log("async: plugin %s, hook request: %s\n", uwsgi.p[request->uh->modifier1]->name, error.what());
    request->async_status = -1;
  }
}

}  // namespace

void run_loop() {
  if (uwsgi.async < 2) {
    uwsgi_log("the loop async needs cores (add --async N)\n");
    uwsgi_exit(UWSGI_FAILED_APP_CODE);
  }
  if (!open_queue()) {
    uwsgi_error("async: epoll_create1()");
    uwsgi_exit(1);
  }
  for (int fd : {uwsgi_stop_fd(), uwsgi.signal_socket, uwsgi.my_signal_socket})
    if (fd >= 0) event_queue_add_fd_read(queue(), fd);
  if (!uwsgi.schedule_to_req) uwsgi.schedule_to_req = async_schedule_to_req;
  head_timed_out = end_request;
  install_wait_hooks();
  bool stopping = false;
  while (!stopping || busy_cores() > 0) {
    if (!stopping && any_free()) watch_listeners(true);
    constexpr int kEvents = 64;
    epoll_event events[kEvents];
    const int count = epoll_wait(queue(), events, kEvents, queued() ? 0 : next_timeout_ms());
    for (int i = 0; i < count; ++i) handle(events[i].data.fd, stopping);
    async_expire_timeouts(uwsgi_micros());
    give_turns();
  }
}

}  // namespace mortise::async

using namespace mortise::async;

extern "C" {

void async_schedule_to_req(void) {
  wsgi_request *request = uwsgi.wsgi_req;
  run_hook(request);
  if (request->async_status <= UWSGI_OK) end_request(request);
}

void async_schedule_to_req_green(void) {
  wsgi_request *request = uwsgi.wsgi_req;
  for (;;) {
    run_hook(request);
    if (request->async_status <= UWSGI_OK) break;
    ++request->switches;
    if (uwsgi.schedule_fix) uwsgi.schedule_fix(request);
    if (uwsgi.schedule_to_main) uwsgi.schedule_to_main(request);
  }
  end_request(request);
}

}  // extern "C"
