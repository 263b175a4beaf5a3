// A timer that one worker at a time answers, and a signal that each request raises.
#include <mortise/plugin.hpp>

#include <atomic>

namespace {

constexpr uint8_t kTick = 17, kVisited = 18;

mortise::Response answer(const mortise::Request &) {
  if (auto raised = mortise::raise_signal(kVisited); !raised) return {503, "text/plain", raised.error().what};
  return {202, "text/plain", "noted\n"};
}

mortise::Result<void> start();

}  // namespace

MORTISE_PLUGIN(ticker, .init = mortise::init_hook<start>, .request = mortise::request_hook<answer>,
               .signal_handler = mortise::signal_hook);

namespace {

mortise::Result<void> start() {
  auto on_tick = [](uint8_t) { mortise::log("ticker: tick in worker " + std::to_string(uwsgi.mywid)); };
  auto on_visit = [](uint8_t) { mortise::log("ticker: somebody came"); };
  if (auto done = mortise::register_signal(ticker_plugin, kTick, on_tick); !done) return done;
  if (auto done = mortise::register_signal(ticker_plugin, kVisited, on_visit); !done) return done;
  return mortise::add_timer(kTick, std::chrono::milliseconds(200));
}

}  // namespace
