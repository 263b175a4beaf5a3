#include "gateway_process.h"

#include <uwsgi.h>

#include <algorithm>
#include <utility>

#include "client.h"
#include "head_limits.h"
#include "options.h"
#include "subscriptions.h"

namespace mortise::http {

namespace {

constexpr uint64_t kSweepMs = 250;
constexpr uint64_t kLingerMs = 5'000;
// A client that keeps its connection open learns of a stop by its next answer; one that stays silent for as
// long as this loses nothing when it is closed.
constexpr uint64_t kIdleGraceMs = 300;
// What a client in the middle of a head, or one that has its last answer, is given when the gateway stops.
constexpr uint64_t kStopGraceMs = 1'000;

// What is left of --reload-mercy for the answers to those that nobody has answered; the master kills us at
// its end.
uint64_t last_answers_ms(uint64_t mercy_ms) {
  return std::min<uint64_t>(mercy_ms / 4, 1'000);
}

uint64_t milliseconds(int seconds) {
  return static_cast<uint64_t>(std::max(seconds, 0)) * 1000;
}

// Calls func of the gateway that a handle belongs to.
template <auto Member, typename Handle>
void call_gateway(Handle *handle) {
  (static_cast<Gateway *>(handle->data)->*Member)();
}

template <typename Handle>
UvHandle<Handle> make_timer(Gateway *gateway) {
  UvHandle<Handle> timer(new Handle);
  uv_timer_init(&gateway->loop, timer.get());
  timer->data = gateway;
  return timer;
}

uv_loop_t *make_loop(uv_loop_t *loop, ReadBuffer *buffer) {
  if (int error = uv_loop_init(loop)) {
    uwsgi_log_verbose("http: create the event loop: %s\n", uv_strerror(error));
    uwsgi_exit(1);
  }
  loop->data = buffer;
  return loop;
}

}  // namespace

Gateway::Gateway(std::vector<Listener> &listeners, StatsServer &stats, Board &shared, int stop_fd)
    : board(shared),
      figures(shared.own()),
      limits(gateway_limits()),
      dispatcher(make_loop(&loop, &read_buffer), shared),
      head_deadlines(milliseconds(options.headers_timeout)),
      idle_deadlines(milliseconds(options.keepalive)),
      progress_deadlines(milliseconds(options.timeout)),
      connect_deadlines(milliseconds(options.connect_timeout)),
      linger_deadlines(kLingerMs),
      stop_deadlines(kStopGraceMs),
      listeners_(listeners),
      sweep_timer_(make_timer<uv_timer_t>(this)),
      grace_timer_(make_timer<uv_timer_t>(this)),
      mercy_timer_(make_timer<uv_timer_t>(this)),
      stop_poll_(new uv_poll_t),
      stats_(stats) {
  for (Listener &listener : listeners_) listener.start(*this);
  uv_poll_init(&loop, stop_poll_.get(), stop_fd);
  stop_poll_->data = this;
  uv_poll_start(stop_poll_.get(), UV_READABLE,
                [](uv_poll_t *poll, int, int) { call_gateway<&Gateway::begin_stop>(poll); });
  stats_.start(*this);
  if (board.processes() > 1) watch_other_processes();
}

void Gateway::watch_other_processes() {
  wake_poll_.reset(new uv_poll_t);
  uv_poll_init(&loop, wake_poll_.get(), board.wake_fd());
  wake_poll_->data = this;
  uv_poll_start(wake_poll_.get(), UV_READABLE, [](uv_poll_t *poll, int, int) {
    auto *gateway = static_cast<Gateway *>(poll->data);
    uint64_t times;
    if (read(gateway->board.wake_fd(), &times, sizeof times) > 0) gateway->dispatcher.retry_waiting();
  });
}

Gateway::~Gateway() {
  sweep_timer_.reset();
  grace_timer_.reset();
  mercy_timer_.reset();
  stop_poll_.reset();
  wake_poll_.reset();
  stats_.stop();
  for (Listener &listener : listeners_) listener.stop();
  dispatcher.close_all();
  uv_run(&loop, UV_RUN_DEFAULT);  // what was closed is freed
  uv_loop_close(&loop);
}

void Gateway::run() {
  uv_run(&loop, UV_RUN_DEFAULT);
}

std::unique_ptr<Exchange> Gateway::take_exchange() {
  if (exchanges_.empty()) return std::make_unique<Exchange>(*this);
  std::unique_ptr<Exchange> exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

// Never destroyed before the gateway is: this is called from within its own functions.
void Gateway::give_back(std::unique_ptr<Exchange> exchange) {
  exchange->trim();
  exchanges_.push_back(std::move(exchange));
}

void Gateway::client_came() {
  if (clients++ == 0) begin_sweeps();
  count(figures.connections);
  figures.clients.store(clients, std::memory_order_relaxed);
}

void Gateway::client_gone() {
  --clients;
  figures.clients.store(clients, std::memory_order_relaxed);
  finish_if_done();
}

std::string_view Gateway::redirect_port(const Listener &from, bool came_to_a_port) const {
  if (!from.redirect_port().empty()) return from.redirect_port();
  for (const Listener &listener : listeners_)
    if (came_to_a_port && listener.transport().calls) return listener.port();
  return {};
}

void Gateway::rest_listeners() {
  resting_ = true;
  begin_sweeps();
}

void Gateway::begin_sweeps() {
  if (!uv_is_active(reinterpret_cast<uv_handle_t *>(sweep_timer_.get())))
    uv_timer_start(sweep_timer_.get(), call_gateway<&Gateway::sweep>, kSweepMs, kSweepMs);
}

void Gateway::sweep() {
  const uint64_t now = uv_now(&loop);
  for (DeadlineQueue *queue : {&head_deadlines, &idle_deadlines, &progress_deadlines, &connect_deadlines,
                               &linger_deadlines, &stop_deadlines})
    while (Deadline *deadline = queue->take_expired(now)) static_cast<Client *>(deadline)->expired();
  if (std::exchange(resting_, false))
    for (Listener &listener : listeners_) listener.end_rest();
  dispatcher.retry_waiting();
  if (clients == 0) uv_timer_stop(sweep_timer_.get());
}

void Gateway::begin_stop() {
  uv_poll_stop(stop_poll_.get());
  stopping = true;
  subscriptions.stop();
  for (Listener &listener : listeners_) listener.stop();
  dispatcher.begin_stop();
  uv_timer_start(grace_timer_.get(), call_gateway<&Gateway::close_idle_clients>, kIdleGraceMs, 0);
  const uint64_t mercy_ms = milliseconds(uwsgi.reload_mercy);
  uv_timer_start(mercy_timer_.get(), call_gateway<&Gateway::answer_the_rest>,
                 mercy_ms - last_answers_ms(mercy_ms), 0);
  finish_if_done();
}

void Gateway::close_idle_clients() {
  std::vector<Client *> waiting;
  for (DeadlineQueue *queue : {&idle_deadlines, &head_deadlines, &linger_deadlines, &tunnels})
    while (Deadline *deadline = queue->take_any()) waiting.push_back(static_cast<Client *>(deadline));
  for (Client *client : waiting) client->stop_if_idle();
}

void Gateway::answer_the_rest() {
  dispatcher.give_up();
  std::vector<Client *> waiting;
  for (DeadlineQueue *queue : {&progress_deadlines, &connect_deadlines})
    while (Deadline *deadline = queue->take_any()) waiting.push_back(static_cast<Client *>(deadline));
  for (Client *client : waiting) client->mercy_ends();
}

void Gateway::finish_if_done() {
  if (stopping && clients == 0) uv_stop(&loop);
}

}  // namespace mortise::http
