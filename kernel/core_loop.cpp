#include "kernel/core_loop.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "kernel/body.h"
#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/plugin_registry.h"
#include "kernel/response.h"
#include "kernel/sockets.h"
#include "kernel/state.h"

namespace mortise {

namespace {

constexpr int kSweepMs = 1000;
constexpr int kStoppingTurnMs = 50;
// A client that keeps its connection open learns of a stop by its next answer; one that stays silent for as
// long as this loses nothing when it is closed.
constexpr int kIdleGraceMs = 300;
constexpr int kHeadGraceMs = 1000;  // of one in the middle of a head, or of a body that was not read

thread_local wsgi_request *current_request = nullptr;

// Gives a connection so many seconds from now; 0: for ever. Not inlined: that is a page of the executable.
[[gnu::noinline]] void set_deadline(Connection &connection, int64_t seconds) {
  connection.deadline_ms.store(seconds ? coarse_ms() + seconds * 1000 : 0, std::memory_order_relaxed);
}

// Counters in shared memory: other cores and processes read them at any time.
template <typename T>
void add_relaxed(T &counter, uint64_t amount) {
  std::atomic_ref<T>(counter).fetch_add(amount, std::memory_order_relaxed);
}

template <typename T>
void store_relaxed(T &field, T value) {
  std::atomic_ref<T>(field).store(value, std::memory_order_relaxed);
}

// Two cores that end at once may lose one of their times; it is an average.
void average_relaxed(uint64_t &average_us, uint64_t took_us) {
  std::atomic_ref<uint64_t> average(average_us);
  average.store((average.load(std::memory_order_relaxed) + took_us) / 2, std::memory_order_relaxed);
}

// Whether the client may still send what belongs to this request.
bool may_be_unread(const wsgi_request &request) {
  return request.refusal || request.proto_parser_remains > 0 || owed_body(&request) > 0;
}

bool is_too_large(const wsgi_request &request) {
  return uwsgi.limit_post > 0 && request.post_cl > uwsgi.limit_post;
}

}  // namespace

int answer(wsgi_request *request) {
  int result = UWSGI_OK;
  if (!uwsgi.route || uwsgi.route(request) != UWSGI_ROUTE_BREAK) do
      result = call_request(request);
    while (result == UWSGI_AGAIN);
  return result;
}

CoreLoop::CoreLoop(WorkerLoop &worker, int core) : worker_(worker), core_(core), request_(core) {
  request_.flusher = worker.flusher();
}

wsgi_request *CoreLoop::current() {
  return current_request;
}

void CoreLoop::run() {
  current_request = &request_;
  const auto timeout_ms = [this] {
    return worker_.stopping() ? kStoppingTurnMs : worker_.needs_sweep() ? kSweepMs : -1;
  };
  if (!worker_.several_cores()) {
    while (!may_leave()) turn(timeout_ms());
    return;
  }
  Lead::Place place;
  while (worker_.lead().take(place)) {
    bool leads = true;
    while (leads) {
      if (may_leave()) return worker_.lead().close();
      leads = lead(place, timeout_ms());
    }
  }
}

void CoreLoop::turn(int timeout_ms) {
  Events &events = worker_.events();
  Cork &cork = worker_.flusher()->cork();
  wait(timeout_ms);
  while (events.next < events.count) {
    const epoll_event &event = events.list[static_cast<size_t>(events.next++)];
    request_.may_wait = events.next < events.count && worker_.requests_are_long() && took_us_ < Cork::kMostUs;
    handle_event(event);
  }
  cork.end();
  tend();
}

bool CoreLoop::lead(Lead::Place &place, int timeout_ms) {
  Events &events = worker_.events();
  Lead &lead = worker_.lead();
  if (events.next == events.count) {
    wait(timeout_ms);
    lead.begin_work(place);
    tend();
    if (!lead.end_work(place)) return false;
    if (events.count == 0) return true;
  }
  const epoll_event event = events.list[static_cast<size_t>(events.next++)];
  const bool is_long = worker_.requests_are_long();
  accepts_first_ = is_long && EventTag{event.data.u64}.kind() == EventKind::kListener;
  if (!is_long)
    lead.begin_work(place);
  else if (!accepts_first_)
    lead.pass_on();
  handle_event(event);
  return is_long ? std::exchange(accepts_first_, false) : lead.end_work(place);
}

// For what is next; what came before has been dealt with.
int CoreLoop::wait(int timeout_ms) {
  Events &events = worker_.events();
  events.next = 0;
  events.count = 0;  // while it waits nobody else may take any
  const int count =
      epoll_wait(worker_.epoll(), events.list.data(), static_cast<int>(events.list.size()), timeout_ms);
  return events.count = std::max(count, 0);
}

void CoreLoop::handle_event(const epoll_event &event) {
  const EventTag tag{event.data.u64};
  switch (tag.kind()) {
    case EventKind::kConnection:
      if (Connection &connection = *tag.pointer<Connection>(); connection.take_reported()) {
        client_ended_ = event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
        serve(connection, true);
      }
      break;
    case EventKind::kListener:
      client_ended_ = false;  // new clients have as many turns as those that have been accepted
      for (int turns = worker_.several_cores() ? 1 : worker_.events().count; turns > 0; --turns)
        if (!accept_from(*tag.pointer<uwsgi_socket>())) break;
      break;
    case EventKind::kStop:
      learn_stop();
      break;
    case EventKind::kFlushed:
      client_ended_ = true;  // nobody knows: nobody was told of events
      if (Connection *connection = worker_.flusher()->next_done()) flushed(*connection);
      break;
    case EventKind::kSignal:
      uwsgi_receive_signal(tag.fd(), "worker", uwsgi.mywid);
      break;
  }
}

// What is to be done now and then.
void CoreLoop::tend() {
  if (worker_.may_resume()) worker_.resume_accepting();
  if (int64_t now = coarse_ms(); worker_.sweep_due(now)) sweep(now);
}

void CoreLoop::learn_stop() {
  if (!worker_.stop_accepting()) return;
  // Connections that woke this worker and no other one are its own to serve: nobody else would be told of
  // them.
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    constexpr int kLastAccepts = 128;
    for (int i = 0; i < kLastAccepts && socket->fd >= 0 && accept_from(*socket); ++i) continue;
  }
}

bool CoreLoop::may_leave() {
  return worker_.stopping() && worker_.connections().open() == 0;
}

// False: nobody waits there any more.
bool CoreLoop::accept_from(uwsgi_socket &socket) {
  sockaddr_storage address{};
  socklen_t address_len = sizeof address;
  int fd =
      accept4(socket.fd, reinterpret_cast<sockaddr *>(&address), &address_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      worker_.pause_accepting(errno);
    return false;  // the others mean that the client or another worker was faster
  }
  if (socket.internal && !peer_is_ours(fd)) {
    log_warning("connection to the internal socket %s refused: the peer runs as another user", socket.name);
    close(fd);
    return true;
  }
  Connection &connection = worker_.connections().add(fd, &socket);
  connection.set_peer(address);
  set_deadline(connection, socket.header_timeout);
  if (std::exchange(accepts_first_, false)) {  // who else waits is the next leader's: before later requests
    --worker_.events().next;
    worker_.lead().pass_on();
  }
  serve(connection, true);  // the first bytes are often there already: no epoll_ctl for a short connection
  return true;
}

// Reads, and serves as many requests as have come whole. The connection is owned by this core; afterwards it
// waits in epoll or is closed.
void CoreLoop::serve(Connection &connection, bool readable) {
  if (connection.phase == Phase::kLinger) return drain(connection);
  char *input = request_.input();
  size_t have = connection.saved_len;
  if (have) {
    memcpy(input, connection.saved.get(), have);
    connection.saved.reset();
    connection.saved_len = 0;
  }
  if (connection.phase == Phase::kRest) {
    request_.begin(connection);
    connection.restore_rest(request_);
    if (!pass_over_body(&request_)) return linger(connection, true);
    if ((have = go_on(connection, false)) == 0) return;
    readable = false;
  }
  bool drained = false;  // nothing is left that epoll would not report
  for (;;) {
    if (readable) {
      const size_t room = request_.input_size() - have;
      ssize_t got = read(connection.fd, input + have, room);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        connection.save(input, have);
        return wait_for_more(connection, connection.phase, -1, errno == EAGAIN);
      }
      client_ended_ = client_ended_ || got == 0;
      if (got < 0 || (got == 0 && connection.phase != Phase::kBody))
        return worker_.connections().close(connection);
      if (connection.phase == Phase::kIdle) {
        connection.phase.store(Phase::kHead, std::memory_order_relaxed);
        set_deadline(connection, connection.socket->header_timeout);
      }
      drained = static_cast<size_t>(got) < room && !client_ended_;
      have += static_cast<size_t>(got);
    }
    request_.begin(connection);
    request_.proto_parser_buf = input;
    request_.proto_parser_pos = have;
    request_.proto_parser_hint = connection.parser_hint;
    int parsed = connection.socket->proto(&request_);
    if (parsed == UWSGI_AGAIN && have < request_.input_size()) {
      connection.parser_hint = request_.proto_parser_hint;
      connection.save(input, have);
      return wait_for_more(connection, connection.phase, -1, drained);
    }
    if (parsed != UWSGI_OK) return refuse(connection);
    if (body_may_come_first(have)) {
      connection.save(input, have);
      return wait_for_more(connection, Phase::kBody, uwsgi.socket_timeout, drained);
    }
    connection.parser_hint = 0;
    request_.proto_parser_remains_buf = input + request_.proto_parser_move;
    request_.proto_parser_remains = have - request_.proto_parser_move;
    const bool keeps = handle();
    if (request_.fd_closed) return hand_over(connection);
    if (connection.unsent && leave_to_flusher(connection, keeps)) return;
    if (!keeps) return linger(connection, !readable || may_be_unread(request_));  // one that sends ahead, too
    if ((have = go_on(connection, drained)) == 0) return;
    readable = false;  // the next request may be here already
  }
}

// After an answer: the bytes that are here of the next head, moved to the front of the input; 0: it is waited
// for, and before it for what is left of a body that the hook did not want.
size_t CoreLoop::go_on(Connection &connection, bool drained) {
  if (owed_body(&request_) > 0) {
    connection.keep_rest(request_);
    return wait_for_more(connection, Phase::kRest, uwsgi.socket_timeout), 0;
  }
  drained = drained && request_.post_cl == 0 && !request_.body_is_chunked;  // who knows what was read of it
  const size_t have = request_.proto_parser_remains;
  if (have == 0) return wait_for_more(connection, Phase::kIdle, connection.socket->idle_timeout, drained), 0;
  memmove(request_.input(), request_.proto_parser_remains_buf, have);
  connection.phase.store(Phase::kHead, std::memory_order_relaxed);
  set_deadline(connection, connection.socket->header_timeout);
  return have;
}

// A body that the input has room for is waited for by nobody: the request begins when it is whole. (What
// frames a body makes it longer, never shorter; a chunked one may be meant to be read as it comes.) Where the
// worker is to stop or the client has ended, the hook gets what there is. Other protocols than HTTP may have
// changed the bytes of a head whose body is framed: they cannot be parsed again.
bool CoreLoop::body_may_come_first(size_t have) const {
  const size_t whole = request_.proto_parser_move + request_.post_cl;
  return have < whole && whole <= request_.input_size() && !is_too_large(request_) &&
         !request_.body_is_chunked && !request_.expect_continue && !client_ended_ && !alone_ &&
         !worker_.stopping() && (request_.http_minor || !request_.socket->proto_read_body);
}

// They share one WorkerLoop that waits for nothing: the engine does.
CoreLoop &CoreLoop::numbered(int core) {
  static WorkerLoop shared(uwsgi.cores);
  static std::vector<std::unique_ptr<CoreLoop>> cores(static_cast<size_t>(uwsgi.cores));
  std::unique_ptr<CoreLoop> &wanted = cores.at(static_cast<size_t>(core));
  if (!wanted) wanted = std::make_unique<CoreLoop>(shared, core);
  return *wanted;
}

void CoreLoop::serve_alone(uwsgi_socket &socket, int fd) {
  Connection &connection = worker_.connections().add(fd, &socket);
  sockaddr_storage address{};
  socklen_t address_len = sizeof address;
  getpeername(fd, reinterpret_cast<sockaddr *>(&address), &address_len);
  connection.set_peer(address);
  set_deadline(connection, socket.header_timeout);
  alone_ = true;
  wsgi_request *const outer = std::exchange(current_request, &request_);  // for engines that do not switch
  do {
    waits_ = false;
    serve(connection, true);
  } while (waits_ && wait_alone(connection));
  current_request = outer;
}

// False: its time is over, or the worker stops and nothing has begun; it is closed then.
bool CoreLoop::wait_alone(Connection &connection) {
  for (;;) {
    if (uwsgi_stopping()) worker_.stop_accepting();
    const int ready =
        worker_.stopping() && connection.phase == Phase::kIdle ? -1 : uwsgi.wait_read_hook(connection.fd, 1);
    if (ready > 0) return true;
    const int64_t deadline_ms = connection.deadline_ms.load(std::memory_order_relaxed);
    if (ready == 0 && (deadline_ms == 0 || coarse_ms() < deadline_ms)) continue;
    waits_ = false;
    if (ready < 0) {
      worker_.connections().close(connection);
    } else {
      time_out(connection);
    }
    return waits_;  // it may linger
  }
}

bool CoreLoop::handle() {
  begin_request();
  const bool keep = !refuse_large_body() && complete(buffered() ? answer(&request_) : -1);
  account();
  return keep;
}

void CoreLoop::begin_request() {
  uwsgi_core &core = uwsgi.workers[uwsgi.mywid].cores[core_];
  Request &request = request_;
  request.start_of_request = uwsgi_micros();
  request.start_of_request_in_sec = request.start_of_request / 1000000;
  store_relaxed(core.req.hvec, request.hvec);  // for who looks into this process: plugins/stats
  store_relaxed(core.req.var_cnt, request.var_cnt);
  store_relaxed(core.request_started_us, request.start_of_request);
  store_relaxed(core.in_request, 1);
  if (worker_.stopping()) request.keep_alive = 0;
  request.uh->pktsize = request.len;
}

bool CoreLoop::refuse_large_body() {
  if (!is_too_large(request_)) return false;
  request_.refusal = "the request body is larger than --limit-post";
  request_.keep_alive = 0;
  send_error(&request_, 413);
  return true;
}

// False: the body did not come whole, and the hook is not to be called.
bool CoreLoop::buffered() {
  return uwsgi.post_buffering == 0 || buffer_body(&request_) == 0;
}

// What the request hook left to be done; true where the connection may serve another request.
bool CoreLoop::complete(int hook_result) {
  Request &request = request_;
  if (request.transformations && hook_result >= 0 && uwsgi.transform_final(&request)) hook_result = -1;
  const bool whole = !request.fd_closed && finish_response(&request, hook_result) == UWSGI_OK;
  return whole && request.keep_alive && request.socket->proto_finish &&
         request.socket->proto_finish(&request) == UWSGI_OK &&
         (owed_body(&request) == 0 || pass_over_body(&request));
}

void CoreLoop::account() {
  uwsgi_worker &worker = uwsgi.workers[uwsgi.mywid];
  uwsgi_core &core = worker.cores[core_];
  Request &request = request_;
  request.end_of_request = uwsgi_micros();
  const uint64_t took_us = took_us_ = request.end_of_request - request.start_of_request;
  worker_.note_duration(took_us);
  if (request.may_wait) {  // in turn()
    request.may_wait = took_us < Cork::kMostUs;
    if (Cork &cork = worker_.flusher()->cork(); cork.due(request.end_of_request)) cork.end();
  }
  add_relaxed(core.requests, 1);
  add_relaxed(core.write_errors, static_cast<uint64_t>(request.write_errors));
  add_relaxed(core.read_errors, static_cast<uint64_t>(request.read_errors));
  add_relaxed(worker.requests, 1);
  add_relaxed(worker.delta_requests, 1);
  add_relaxed(worker.running_time, took_us);
  add_relaxed(worker.tx, request.response_size + request.headers_size);
  average_relaxed(worker.avg_response_time, took_us);
  uwsgi_plugin *plugin = uwsgi.p[request.uh->modifier1];
  if (uwsgi.final_route) uwsgi.final_route(&request);
  call_hook(plugin, &uwsgi_plugin::after_request, "after_request", static_cast<wsgi_request *>(&request));
  log_request(&request);
  request.end();
  store_relaxed(core.request_started_us, uint64_t{0});
  store_relaxed(core.in_request, 0);
}

// The descriptor belongs to somebody else from now on, such as a thread that sends a file.
void CoreLoop::hand_over(Connection &connection) {
  if (connection.unsent) worker_.flusher()->drop(connection);
  // With several cores the number may be another connection's by now.
  if (connection.in_epoll && !worker_.several_cores())
    epoll_ctl(worker_.epoll(), EPOLL_CTL_DEL, connection.fd, nullptr);
  worker_.connections().release(connection);
}

void CoreLoop::refuse(Connection &connection) {
  request_.start_of_request = request_.end_of_request = uwsgi_micros();
  request_.keep_alive = 0;
  if (!request_.refusal) request_.refusal = "the request head is larger than --buffer-size";
  worker_.log_refusal(request_);
  if (request_.status) send_error(&request_, request_.status);
  if (connection.unsent && leave_to_flusher(connection, false)) return;
  linger(connection, true);
}

// Where the client has not taken all of its answer: the connection comes back by flushed(). False where
// nothing is left to be sent.
bool CoreLoop::leave_to_flusher(Connection &connection, bool keeps) {
  Flusher &flusher = *worker_.flusher();
  if (request_.write_errors || flusher.rest(connection) == Flusher::Rest::kNone) {
    flusher.drop(connection);
    return false;
  }
  connection.keeps = keeps;
  connection.owes_body = keeps ? owed_body(&request_) > 0 : may_be_unread(request_);
  connection.keep_rest(request_);
  connection.save(request_.proto_parser_remains_buf, keeps ? request_.proto_parser_remains : 0);
  // With several cores what it reports finds no taker.
  if (!worker_.several_cores() && std::exchange(connection.in_epoll, false))
    epoll_ctl(worker_.epoll(), EPOLL_CTL_DEL, connection.fd, nullptr);
  flusher.take_over(connection);
  return true;
}

void CoreLoop::flushed(Connection &connection) {
  if (!worker_.flusher()->drop(connection)) {
    add_relaxed(uwsgi.workers[uwsgi.mywid].cores[core_].write_errors, 1);
    return worker_.connections().close(connection);
  }
  if (!connection.keeps) return linger(connection, connection.owes_body);
  const uwsgi_socket &socket = *connection.socket;
  if (connection.saved_len == 0 && !connection.owes_body)
    return wait_for_more(connection, Phase::kIdle, socket.idle_timeout);
  connection.phase.store(connection.owes_body ? Phase::kRest : Phase::kHead, std::memory_order_relaxed);
  set_deadline(connection, socket.header_timeout);
  serve(connection, false);
}

// Arms the connection for its next bytes; timeout_s < 0 keeps the deadline. With several cores epoll reports
// each change once, with one as long as there is something: only what may have been reported already must be
// asked for.
void CoreLoop::wait_for_more(Connection &connection, Phase phase, int64_t timeout_s, bool drained) {
  connection.phase.store(phase, std::memory_order_relaxed);
  if (timeout_s >= 0) set_deadline(connection, timeout_s);
  if (alone_) return static_cast<void>(waits_ = true);
  const bool several = worker_.several_cores();
  const bool armed = std::exchange(connection.in_epoll, true);
  if (several && armed && drained && connection.give_back()) return;
  epoll_event event{};
  event.events = EPOLLIN | (several ? static_cast<uint32_t>(EPOLLET) | EPOLLRDHUP : 0);
  event.data.u64 = EventTag(&connection).value;
  const int fd = connection.fd;
  connection.arming();  // from here on another core may have it
  if (!armed || several) {
    if (epoll_ctl(worker_.epoll(), armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event)) {
      log_error("watch a connection: %s (it is closed)", strerror(errno));
      if (connection.take_reported()) worker_.connections().close(connection);
      return;
    }
  }
  connection.armed();
}

// Ends the connection so that the answer arrives: closing while the client still sends would reset it (RFC
// 9112 §9.6).
void CoreLoop::linger(Connection &connection, bool unread) {
  int waiting = 0;
  if (!unread && ioctl(connection.fd, FIONREAD, &waiting) == 0 && waiting == 0)
    return worker_.connections().close(connection);
  shutdown(connection.fd, SHUT_WR);
  connection.phase.store(Phase::kLinger, std::memory_order_relaxed);
  set_deadline(connection, worker_.stopping() ? 1 : limits().linger_timeout);
  drain(connection);
}

void CoreLoop::drain(Connection &connection) {
  constexpr int kReads = 64;
  for (int i = 0; i < kReads; ++i) {
    ssize_t got = read(connection.fd, request_.input(), request_.input_size());
    if (got > 0) continue;
    if (got < 0 && errno == EAGAIN) return wait_for_more(connection, Phase::kLinger, -1);
    return worker_.connections().close(connection);
  }
  wait_for_more(connection, Phase::kLinger, -1);
}

void CoreLoop::time_out(Connection &connection) {
  const bool in_body = connection.phase == Phase::kBody;
  if (connection.phase != Phase::kHead && !in_body) return worker_.connections().close(connection);
  request_.begin(connection);
  request_.proto_parser_buf = connection.saved.get();
  request_.proto_parser_pos = connection.saved_len;
  if (in_body) connection.socket->proto(&request_);  // the method tells whether the refusal has a body
  request_.refusal =
      in_body ? "a request body that stopped coming" : "no whole request head within --header-timeout";
  request_.status = 408;
  connection.phase.store(Phase::kIdle, std::memory_order_relaxed);
  refuse(connection);
}

void CoreLoop::sweep(int64_t now) {
  worker_.resume_accepting();
  const bool stopping = worker_.stopping();
  client_ended_ = true;  // nobody knows
  auto end = [&](Connection &connection) { time_out(connection); };
  worker_.connections().take_overdue(now, end);
  if (stopping && now - worker_.stopped_at_ms() >= kHeadGraceMs) {
    worker_.connections().take_waiting(Phase::kHead, end);
    worker_.connections().take_waiting(Phase::kRest,
                                       [&](Connection &connection) { linger(connection, true); });
  }
  if (stopping)
    worker_.connections().take_waiting(Phase::kBody,
                                       [&](Connection &connection) { serve(connection, true); });
  if (stopping && now - worker_.stopped_at_ms() >= kIdleGraceMs)
    worker_.connections().take_waiting(Phase::kIdle, [&](Connection &connection) {
      int unread = 0;  // a request that came since epoll was asked is not to be lost
      ioctl(connection.fd, FIONREAD, &unread) == 0 && unread > 0 ? serve(connection, true)
                                                                 : worker_.connections().close(connection);
    });
}

}  // namespace mortise

extern "C" {

void uwsgi_setup_thread_req(long, wsgi_request *request) {
  mortise::current_request = request;
}

wsgi_request *uwsgi_request_of_core(int core) {
  return mortise::CoreLoop::numbered(core).request();
}

void uwsgi_serve_connection(int core, uwsgi_socket *socket, int fd) {
  mortise::CoreLoop::numbered(core).serve_alone(*socket, fd);
}

}  // extern "C"
