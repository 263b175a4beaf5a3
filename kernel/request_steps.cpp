// The steps of a request one by one, for loop engines that accept, read and close themselves as those of
// uWSGI do. Their connections serve one request. Waiting is the engine's business: nothing here waits but
// wsgi_req_recv(), which does it in uwsgi.wait_read_hook.
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "kernel/core_loop.h"
#include "kernel/log.h"
#include "kernel/sockets.h"
#include "kernel/state.h"

namespace mortise {

namespace {

CoreLoop &core_of(const wsgi_request *request) {
  return CoreLoop::numbered(request->async_id);
}

// A listener as such engines see it: they call proto() when there is something to read, and not with what was
// read. A copy for each listener of the worker, for ever.
uwsgi_socket *reading_view(uwsgi_socket &listener) {
  static std::mutex mutex;
  static std::map<const uwsgi_socket *, std::unique_ptr<uwsgi_socket>> views;
  std::lock_guard lock(mutex);
  std::unique_ptr<uwsgi_socket> &view = views[&listener];
  if (!view) {
    view = std::make_unique<uwsgi_socket>(listener);
    view->proto = [](wsgi_request *request) { return core_of(request).read_head(); };
  }
  return view.get();
}

uwsgi_socket *listener_of_fd(int fd) {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (socket->fd == fd) return socket;
  return nullptr;
}

}  // namespace

void CoreLoop::prepare(uwsgi_socket *socket) {
  static Connection nobody;
  if (connection_) drop();
  listener_ = socket;
  request_.begin(nobody);
  request_.socket = socket ? reading_view(*socket) : nullptr;
  step_ = Step::kHead;
  alone_ = true;
}

bool CoreLoop::accept(int listener) {
  if (!listener_) prepare(listener_of_fd(listener));
  if (!listener_ || uwsgi_stopping()) return false;
  sockaddr_storage address{};
  socklen_t address_len = sizeof address;
  const int fd =
      accept4(listener, reinterpret_cast<sockaddr *>(&address), &address_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return false;
  if (listener_->internal && !peer_is_ours(fd)) {
    log_warning("connection to the internal socket %s refused: the peer runs as another user",
                listener_->name);
    close(fd);
    return false;
  }
  connection_ = &worker_.connections().add(fd, listener_);
  connection_->set_peer(address);
  request_.begin(*connection_);
  request_.socket = reading_view(*listener_);
  return true;
}

int CoreLoop::read_head() {
  if (!connection_ || step_ != Step::kHead) return -1;
  const size_t have = request_.proto_parser_pos;
  const ssize_t got = read(connection_->fd, request_.input() + have, request_.input_size() - have);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return UWSGI_AGAIN;
  if (got <= 0) return step_ = Step::kGone, -1;
  connection_->phase.store(Phase::kHead, std::memory_order_relaxed);
  // Parsing begins anew with each piece; what the engine keeps in the request stays.
  uwsgi_rb_timer *const timeout = request_.async_timeout;
  const uint64_t switches = request_.switches;
  const size_t hint = request_.proto_parser_hint;
  request_.begin(*connection_);
  request_.async_timeout = timeout;
  request_.switches = switches;
  request_.socket = reading_view(*listener_);
  request_.proto_parser_buf = request_.input();
  request_.proto_parser_pos = have + static_cast<size_t>(got);
  request_.proto_parser_hint = hint;
  const int parsed = listener_->proto(&request_);
  if (parsed == UWSGI_AGAIN && request_.proto_parser_pos < request_.input_size()) return UWSGI_AGAIN;
  step_ = parsed == UWSGI_OK ? Step::kRunning : Step::kRefused;
  if (parsed != UWSGI_OK) return -1;
  request_.proto_parser_remains_buf = request_.input() + request_.proto_parser_move;
  request_.proto_parser_remains = request_.proto_parser_pos - request_.proto_parser_move;
  request_.keep_alive = 0;
  begin_request();
  if (!refuse_large_body()) return UWSGI_OK;
  step_ = Step::kAnswered;
  return -1;
}

void CoreLoop::end_request() {
  if (!connection_) return;
  Connection &connection = *std::exchange(connection_, nullptr);
  waits_ = false;
  if (step_ == Step::kRefused) {
    refuse(connection);
  } else if (step_ == Step::kGone) {
    worker_.connections().close(connection);
  } else if (step_ == Step::kHead) {
    time_out(connection);
  } else {
    if (step_ == Step::kRunning) complete(request_.async_status < 0 ? -1 : UWSGI_OK);
    account();
    if (request_.fd_closed) {
      worker_.connections().release(connection);
    } else {
      linger(connection, true);
    }
  }
  if (waits_) worker_.connections().close(connection);  // no engine waits for a client to take its answer
  std::atomic_ref(uwsgi.workers[uwsgi.mywid].cores[core_].in_request).store(0, std::memory_order_relaxed);
  listener_ = nullptr;
}

void CoreLoop::drop() {
  if (connection_) worker_.connections().close(*std::exchange(connection_, nullptr));
  std::atomic_ref(uwsgi.workers[uwsgi.mywid].cores[core_].in_request).store(0, std::memory_order_relaxed);
  listener_ = nullptr;
}

}  // namespace mortise

using namespace mortise;

extern "C" {

void wsgi_req_setup(wsgi_request *request, int core, uwsgi_socket *socket) {
  request->async_id = core;
  core_of(request).prepare(socket);
}

int wsgi_req_simple_accept(wsgi_request *request, int fd) {
  return core_of(request).accept(fd) ? 0 : -1;
}

int wsgi_req_recv(int, wsgi_request *request) {
  for (int parsed = UWSGI_AGAIN; parsed != UWSGI_OK;) {
    if (parsed < 0 || uwsgi.wait_read_hook(request->fd, uwsgi.socket_timeout) <= 0) return -1;
    parsed = request->socket->proto(request);
  }
  request->async_status = answer(request);
  return 0;
}

void uwsgi_close_request(wsgi_request *request) {
  core_of(request).end_request();
}

void uwsgi_destroy_request(wsgi_request *request) {
  core_of(request).drop();
}

}  // extern "C"
