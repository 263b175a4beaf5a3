#include "dispatcher.h"

#include <uwsgi.h>

#include <algorithm>
#include <utility>

#include "board.h"
#include "exchange.h"
#include "limited_log.h"
#include "options.h"
#include "subscriptions.h"
#include "upstream.h"

namespace mortise::http {

Dispatcher::Dispatcher(uv_loop_t *loop, Board &board)
    : loop_(loop), board_(board), retry_timer_(new uv_timer_t) {
  common_.name = "the workers";
  uv_timer_init(loop_, retry_timer_.get());
  retry_timer_->data = this;
}

void Dispatcher::add_worker(int worker, const char *address) {
  Backend &backend = backends_.emplace_back();
  backend.address = address;
  backend.name = "worker " + std::to_string(worker);
  backend.worker = worker;
}

Backend &Dispatcher::add_server(const char *address) {
  Backend &backend = backends_.emplace_back();
  backend.address = backend.name = address;
  backend.host = std::make_unique<HostAddresses>(
      loop_, address, [](void *self) { static_cast<Dispatcher *>(self)->serve_waiting(); }, this);
  return backend;
}

Backend &Dispatcher::subscribed(const std::string &slot, const std::string &address) {
  for (Backend &backend : backends_)
    if (backend.slot == slot && backend.address == address) return backend;
  Backend &backend = add_server(address.c_str());
  backend.slot = slot;
  return backend;
}

// To a server that has announced itself for the request's host. False: it is for the others.
bool Dispatcher::route(Exchange &exchange) {
  const auto target = subscriptions.choose(exchange.host());
  if (target) {
    Backend &backend = subscribed(target->slot, target->address);
    exchange.set_modifiers(target->modifier1, target->modifier2);
    ++backend.busy;
    start(backend, exchange);
    return true;
  }
  if (options.to) return false;
  if (!subscriptions.may_still_come()) {
    exchange.fail(503, "no server has announced itself for this host",
                  "no server has announced itself for " + std::string(exchange.host()));
    return true;
  }
  unrouted_.push_back(&exchange);
  return true;
}

void Dispatcher::postpone(Exchange &exchange) {
  if (!subscriptions.wanted()) return wait(exchange, true);
  unrouted_.push_back(&exchange);
}

void Dispatcher::serve_unrouted() {
  for (Exchange *exchange : std::exchange(unrouted_, {})) submit(*exchange);
}

void Dispatcher::submit(Exchange &exchange) {
  if (subscriptions.wanted() && route(exchange)) return;
  Backend *backend = waiting_.empty() ? pick() : nullptr;
  if (backend) return start(*backend, exchange);
  if (waiting_.size() >= static_cast<size_t>(uwsgi.listen_queue))
    return exchange.fail(503, "all workers are busy and --listen requests wait already");
  wait(exchange, false);
}

void Dispatcher::wait(Exchange &exchange, bool first) {
  if (first) {
    waiting_.push_front(&exchange);
  } else {
    waiting_.push_back(&exchange);
  }
  board_.set_waiting(waiting_.size());
  if (!any_serves()) retry_soon();
}

// A worker that gets ready, or goes on after a pause, tells nobody.
void Dispatcher::retry_soon() {
  constexpr uint64_t kRetryMs = 2;
  if (stopping_ || uv_is_active(reinterpret_cast<uv_handle_t *>(retry_timer_.get()))) return;
  auto retry = [](uv_timer_t *timer) {
    auto *self = static_cast<Dispatcher *>(timer->data);
    self->serve_waiting();
    if (self->waiting_.empty() || self->any_serves()) uv_timer_stop(timer);
  };
  uv_timer_start(retry_timer_.get(), retry, kRetryMs, kRetryMs);
}

void Dispatcher::begin_stop() {
  stopping_ = true;
  serve_waiting();
}

void Dispatcher::cancel(Exchange &exchange) {
  if (std::erase(waiting_, &exchange) > 0) board_.set_waiting(waiting_.size());
  std::erase(unrouted_, &exchange);
}

void Dispatcher::release(Upstream &upstream, Outcome outcome) {
  Backend &backend = upstream.backend();
  upstream.end();
  refresh(backend);
  const bool current = &backend != &common_ && upstream.generation() == backend.generation;
  if (current && outcome == Outcome::kAbandoned && backend.is_ours()) {
    upstream.resume_reading();
    backend.abandoned.push_back(&upstream);
    return;
  }
  if (current && outcome == Outcome::kReusable) {
    upstream.resume_reading();
    backend.idle.push_back(&upstream);
  } else {
    upstream.close();
  }
  core_is_free(upstream);
}

void Dispatcher::stirred(Upstream &upstream) {
  Backend &backend = upstream.backend();
  upstream.close();
  if (std::erase(backend.idle, &upstream) == 0 && std::erase(backend.abandoned, &upstream) > 0)
    core_is_free(upstream);
}

void Dispatcher::core_is_free(Upstream &upstream) {
  give_back(upstream.backend(), upstream.generation());
  serve_waiting();
  if (waiting_.empty()) board_.wake_waiters();
}

int Dispatcher::busy_of(const Backend &backend) const {
  return backend.is_ours() ? board_.busy(backend.worker, backend.generation) : backend.busy;
}

bool Dispatcher::reserve(Backend &backend) {
  if (backend.is_ours() && !board_.reserve(backend.worker, backend.generation, uwsgi.cores)) return false;
  ++backend.busy;
  return true;
}

void Dispatcher::give_back(Backend &backend, int generation) {
  if (generation != backend.generation) return;
  --backend.busy;
  if (backend.worker > 0) board_.release(backend.worker, generation);
  if (!backend.slot.empty()) subscriptions.give_back(backend.slot, backend.address);
}

void Dispatcher::close_all() {
  for (Backend &backend : backends_) {
    for (Upstream *upstream : std::exchange(backend.idle, {})) upstream->close();
    for (Upstream *upstream : std::exchange(backend.abandoned, {})) upstream->close();
  }
  retry_timer_.reset();
}

// A worker's pid changes when its successor is ready.
void Dispatcher::refresh(Backend &backend) {
  if (backend.worker == 0) return;
  const int pid = __atomic_load_n(&uwsgi.workers[backend.worker].pid, __ATOMIC_RELAXED);
  if (pid == backend.generation) return;
  backend.generation = pid;
  backend.busy = 0;
  for (Upstream *upstream : std::exchange(backend.idle, {})) upstream->close();
  for (Upstream *upstream : std::exchange(backend.abandoned, {})) upstream->close();
}

// What a worker that rests, or still loads its application, was sent would be lost to the workers of the next
// generation: it waits here. Where there is no process a connection may be what starts it (`cheap`).
Dispatcher::Service Dispatcher::service_of(const Backend &backend) const {
  if (!backend.is_ours())
    return backend.down_until_ms <= uv_now(loop_) ? Service::kServes : Service::kNoProcess;
  const uwsgi_worker &worker = uwsgi.workers[backend.worker];
  if (__atomic_load_n(&worker.suspended, __ATOMIC_RELAXED)) return Service::kNone;
  if (__atomic_load_n(&worker.ready, __ATOMIC_RELAXED)) return Service::kServes;
  return backend.generation == 0 ? Service::kNoProcess : Service::kNone;
}

bool Dispatcher::any_serves() const {
  return std::any_of(backends_.begin(), backends_.end(),
                     [this](const Backend &backend) { return service_of(backend) == Service::kServes; });
}

// The least busy backend with a core to spare; workers without a process, and servers that did not answer,
// only when no other one is there.
Backend *Dispatcher::pick() {
  if (gave_up_) return nullptr;
  if (stopping_ && !common_.address.empty()) {
    // Enough for the cores of both generations. The rest is not begun by anybody if we give up.
    if (common_.busy >= 2 * uwsgi.numproc * uwsgi.cores) return nullptr;
    return ++common_.busy, &common_;
  }
  Backend *best = nullptr;
  Service best_service = Service::kNone;
  int best_busy = 0;
  size_t best_next = 0;
  for (size_t i = 0; i < backends_.size(); ++i) {
    Backend &backend = backends_[(next_ + i) % backends_.size()];
    if (!backend.slot.empty()) continue;
    refresh(backend);
    const Service service = service_of(backend);
    if (service == Service::kNone) continue;
    const int busy = busy_of(backend);
    if (best && service <= best_service && (service != best_service || busy >= best_busy)) continue;
    best = &backend;
    best_service = service;
    best_busy = busy;
    best_next = next_ + i + 1;
  }
  if (!best || !reserve(*best)) return nullptr;
  next_ = best_next % backends_.size();
  return best;
}

bool Dispatcher::any_ready() const {
  for (const Backend &backend : backends_)
    if (!backend.is_ours() || __atomic_load_n(&uwsgi.workers[backend.worker].ready, __ATOMIC_RELAXED) != 0)
      return true;
  return false;
}

void Dispatcher::failed(Backend &backend) {
  constexpr uint64_t kDownMs = 2'000;
  ++backend.failures;
  if (backend.is_ours()) return;
  backend.down_until_ms = uv_now(loop_) + kDownMs;
  backend.host->doubt();
  if (!backend.slot.empty()) subscriptions.failed(backend.slot, backend.address);
}

bool Dispatcher::carries(Exchange &exchange, Upstream &upstream) {
  upstream.begin(exchange);
  if (exchange.send_on(upstream)) return true;
  upstream.end();
  upstream.close();
  return false;
}

// The backend's core is reserved.
void Dispatcher::start(Backend &backend, Exchange &exchange) {
  if (!backend.idle.empty() && !exchange.is_retry()) {
    Upstream *upstream = backend.idle.back();
    backend.idle.pop_back();
    if (carries(exchange, *upstream)) return ++backend.requests, void();  // else it ended while it was idle
  }
  // One without a process may never get one; who is there first takes it.
  const bool anyone = backend.is_ours() && backend.generation == 0 && !common_.address.empty();
  const std::string address = backend.host ? backend.host->next()
                              : anyone     ? common_.address
                                           : backend.address;
  const int generation = backend.generation;
  if (address.empty()) {
    give_back(backend, generation);
    if (backend.host->asking()) return postpone(exchange);  // goes on when the answer is there
    return exchange.fail(502, "no connection to the application server",
                         "look up " + backend.name + ": " + backend.host->error());
  }
  int fd = uwsgi_connect(address.c_str(), options.connect_timeout, 1);
  if (fd < 0 && (errno == EAGAIN || errno == EMFILE || errno == ENFILE || errno == ENOBUFS)) {
    const char *cause = strerror(errno);
    give_back(backend, generation);
    postpone(exchange);  // retry_waiting() follows, and the exchange has a deadline
    return log_limited("http: connect to %s: %s (the request waits)", backend.name.c_str(), cause);
  }
  std::string cause = strerror(errno);
  if (fd >= 0) {
    const bool local = backend.is_ours() || backend.host->is_local();
    auto *upstream = new Upstream(*this, backend, generation);
    if (upstream->open(loop_, fd, local ? AF_UNIX : AF_INET)) {
      if (carries(exchange, *upstream)) return ++backend.requests, void();
      cause = uv_strerror(upstream->write_error());
    } else {
      cause = "it cannot be watched";
    }
  }
  failed(backend);
  give_back(backend, generation);
  if (!backend.is_ours() && exchange.may_try_another()) return submit(exchange);
  exchange.fail(502, "no connection to the application server", "connect to " + backend.name + ": " + cause);
}

void Dispatcher::serve_waiting() {
  serve_unrouted();
  if (waiting_.empty() || std::exchange(serving_, true)) return;  // or called from within
  for (size_t most = waiting_.size(); most > 0 && !waiting_.empty(); --most) {
    Backend *backend = pick();
    if (!backend) break;
    Exchange *exchange = waiting_.front();
    waiting_.pop_front();
    board_.set_waiting(waiting_.size());
    start(*backend, *exchange);
  }
  serving_ = false;
}

}  // namespace mortise::http
