#include "dispatcher.h"

#include <uwsgi.h>

#include <algorithm>
#include <utility>

#include "exchange.h"
#include "limited_log.h"
#include "options.h"
#include "upstream.h"

namespace mortise::http {

void Dispatcher::add_worker(int worker, const char *address) {
  backends_.push_back({.address = address,
                       .name = "worker " + std::to_string(worker),
                       .worker = worker,
                       .idle = {},
                       .abandoned = {}});
}

void Dispatcher::add_server(const char *address) {
  backends_.push_back({.address = address, .name = address, .idle = {}, .abandoned = {}});
}

void Dispatcher::submit(Exchange &exchange) {
  Backend *backend = waiting_.empty() ? pick() : nullptr;
  if (backend) return start(*backend, exchange);
  if (waiting_.size() >= static_cast<size_t>(uwsgi.listen_queue))
    return exchange.fail(503, "all workers are busy and --listen requests wait already");
  waiting_.push_back(&exchange);
}

void Dispatcher::cancel(Exchange &exchange) {
  std::erase(waiting_, &exchange);
}

void Dispatcher::release(Upstream &upstream, Outcome outcome) {
  Backend &backend = upstream.backend();
  upstream.end();
  refresh(backend);
  const bool current = upstream.generation() == backend.generation;
  if (current && outcome == Outcome::kAbandoned && backend.is_ours()) {
    upstream.resume_reading();
    backend.abandoned.push_back(&upstream);
    return;
  }
  // Other servers are not known to take a second packet on a connection.
  if (current && outcome == Outcome::kReusable && backend.is_ours()) {
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
  if (upstream.generation() == upstream.backend().generation) --upstream.backend().busy;
  serve_waiting();
}

void Dispatcher::close_all() {
  for (Backend &backend : backends_) {
    for (Upstream *upstream : std::exchange(backend.idle, {})) upstream->close();
    for (Upstream *upstream : std::exchange(backend.abandoned, {})) upstream->close();
  }
}

// A worker's pid changes when its successor is ready.
void Dispatcher::refresh(Backend &backend) {
  if (!backend.is_ours()) return;
  const int pid = __atomic_load_n(&uwsgi.workers[backend.worker].pid, __ATOMIC_RELAXED);
  if (pid == backend.generation) return;
  backend.generation = pid;
  backend.busy = 0;
  for (Upstream *upstream : std::exchange(backend.idle, {})) upstream->close();
  for (Upstream *upstream : std::exchange(backend.abandoned, {})) upstream->close();
}

int Dispatcher::limit_of(const Backend &backend) const {
  return backend.is_ours() ? uwsgi.cores : INT_MAX;
}

// The least busy backend; workers that are still starting only when no other one works at all.
Backend *Dispatcher::pick() {
  Backend *best = nullptr;
  bool best_ready = false;
  for (size_t i = 0; i < backends_.size(); ++i) {
    Backend &backend = backends_[(next_ + i) % backends_.size()];
    refresh(backend);
    const bool ready =
        !backend.is_ours() || __atomic_load_n(&uwsgi.workers[backend.worker].ready, __ATOMIC_RELAXED) != 0;
    const bool better = !best || ready > best_ready || (ready == best_ready && backend.busy < best->busy);
    if (!better) continue;
    best = &backend;
    best_ready = ready;
  }
  if (!best || best->busy >= limit_of(*best)) return nullptr;
  next_ = static_cast<size_t>(best - backends_.data()) + 1;
  return best;
}

bool Dispatcher::carries(Backend &backend, Exchange &exchange, Upstream &upstream) {
  upstream.begin(exchange);
  if (exchange.send_on(upstream)) {
    ++backend.busy;
    return true;
  }
  upstream.end();
  upstream.close();
  return false;
}

void Dispatcher::start(Backend &backend, Exchange &exchange) {
  if (!backend.idle.empty() && !exchange.is_retry()) {
    Upstream *upstream = backend.idle.back();
    backend.idle.pop_back();
    if (carries(backend, exchange, *upstream)) return;  // false: it ended while it was idle
  }
  int fd = uwsgi_connect(backend.address.c_str(), options.connect_timeout, 1);
  if (fd < 0 && (errno == EAGAIN || errno == EMFILE || errno == ENFILE || errno == ENOBUFS)) {
    waiting_.push_front(&exchange);  // retry_waiting() follows, and the exchange has a deadline
    return log_limited("http: connect to %s: %s (the request waits)", backend.name.c_str(), strerror(errno));
  }
  const char *cause = strerror(errno);
  if (fd >= 0) {
    const bool local = backend.is_ours() || backend.address.find_first_of("/@") == 0;
    auto *upstream = new Upstream(*this, backend, backend.generation);
    if (upstream->open(loop_, fd, local ? AF_UNIX : AF_INET)) {
      if (carries(backend, exchange, *upstream)) return;
      cause = uv_strerror(upstream->write_error());
    } else {
      cause = "it cannot be watched";
    }
  }
  exchange.fail(502, "no connection to the application server", "connect to " + backend.name + ": " + cause);
}

void Dispatcher::serve_waiting() {
  if (std::exchange(serving_, true)) return;  // called from within
  for (size_t most = waiting_.size(); most > 0 && !waiting_.empty(); --most) {
    Backend *backend = pick();
    if (!backend) break;
    Exchange *exchange = waiting_.front();
    waiting_.pop_front();
    start(*backend, *exchange);
  }
  serving_ = false;
}

}  // namespace mortise::http
