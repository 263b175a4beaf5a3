// Gives each request to a worker that has a core for it. A worker gets no more requests at a time than it has
// cores: what waits, waits here, and goes to whichever worker is free first instead of behind a slow request.
#pragma once

#include <uv.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host_addresses.h"
#include "uv_handle.h"

namespace mortise::http {

class Board;
class Exchange;
class Upstream;

// One server of requests. A worker that was replaced is another generation: what the old one still does takes
// no place in the new one.
struct Backend {
  std::string address;
  std::string name;    // for messages: "worker 3", "10.0.0.1:3031"
  std::string slot{};  // under which it announced itself; empty: it is one of ours or of --http-to
  int worker = 0;      // its number, 0 for another server and for whichever worker is free
  int generation = 0;
  int busy = 0;  // exchanges under way on the present generation, of this process
  uint64_t requests = 0, failures = 0;
  uint64_t down_until_ms = 0;           // a server that did not answer: others are preferred
  std::unique_ptr<HostAddresses> host;  // of a server
  std::vector<Upstream *> idle;
  std::vector<Upstream *> abandoned;

  bool is_ours() const { return !host; }
};

// How an exchange left its connection.
enum class Outcome {
  kReusable,
  kBroken,     // of no further use
  kAbandoned,  // the worker may be at work on the request for long; until it shows otherwise its core is not
               // free
};

class Dispatcher {
 public:
  Dispatcher(uv_loop_t *loop, Board &board);

  void add_worker(int worker, const char *address);
  // The listener that the workers of all generations accept from.
  void set_common(const char *address) { common_.address = address; }
  Backend &add_server(const char *address);

  // Sends the exchange on its way, now or when a worker is free; it may be answered from within.
  void submit(Exchange &exchange);
  // Forgets a waiting exchange.
  void cancel(Exchange &exchange);
  // An exchange has ended.
  void release(Upstream &upstream, Outcome outcome);
  // A connection without an exchange showed a sign of life, or of death.
  void stirred(Upstream &upstream);

  // The server could not be reached.
  void failed(Backend &backend);
  size_t servers() const { return backends_.size(); }

  // The process is to stop. In a reload the next generation's workers are the ones that are free: what waits
  // goes, and what still comes, where both generations take it from.
  void begin_stop();
  // Nothing more is sent to anybody.
  void give_up() { gave_up_ = true; }

  // Tries again what waits; called a few times a second, and when another process has freed a core.
  void retry_waiting() { serve_waiting(); }
  // Whether a worker is there that has loaded its application.
  bool any_ready() const;
  // use(backend, requests under way on it in all processes)
  template <typename Use>
  void for_each(Use use) const {
    for (const Backend &backend : backends_) use(backend, busy_of(backend));
  }
  void close_all();

 private:
  enum class Service { kNone, kNoProcess, kServes };
  Service service_of(const Backend &backend) const;
  bool any_serves() const;
  void retry_soon();
  Backend *pick();
  bool route(Exchange &exchange);
  Backend &subscribed(const std::string &slot, const std::string &address);
  void postpone(Exchange &exchange);
  void serve_unrouted();
  int busy_of(const Backend &backend) const;
  bool reserve(Backend &backend);
  void give_back(Backend &backend, int generation);
  void wait(Exchange &exchange, bool first);
  void start(Backend &backend, Exchange &exchange);
  void serve_waiting();
  void refresh(Backend &backend);
  void core_is_free(Upstream &upstream);
  bool carries(Exchange &exchange, Upstream &upstream);

  uv_loop_t *loop_;
  Board &board_;
  std::deque<Backend> backends_;
  Backend common_;
  bool stopping_ = false, gave_up_ = false;
  UvHandle<uv_timer_t> retry_timer_;
  size_t next_ = 0;  // where the search for a free backend begins
  std::deque<Exchange *> waiting_;
  std::vector<Exchange *>
      unrouted_;  // for servers that have not been heard of, or cannot be connected to just now
  bool serving_ = false;
};

}  // namespace mortise::http
