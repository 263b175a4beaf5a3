// Gives each request to a worker that has a core for it. A worker gets no more requests at a time than it has
// cores: what waits, waits here, and goes to whichever worker is free first instead of behind a slow request.
#pragma once

#include <uv.h>

#include <deque>
#include <string>
#include <vector>

namespace mortise::http {

class Exchange;
class Upstream;

// One server of requests. A worker that was replaced is another generation: what the old one still does takes
// no place in the new one.
struct Backend {
  std::string address;
  std::string name;  // for messages: "worker 3", "10.0.0.1:3031"
  int worker = 0;    // its number, 0 for a server of --http-to
  int generation = 0;
  int busy = 0;  // exchanges under way on the present generation
  std::vector<Upstream *> idle;
  std::vector<Upstream *> abandoned;

  bool is_ours() const { return worker > 0; }
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
  explicit Dispatcher(uv_loop_t *loop) : loop_(loop) {}

  void add_worker(int worker, const char *address);
  void add_server(const char *address);

  // Sends the exchange on its way, now or when a worker is free; it may be answered from within.
  void submit(Exchange &exchange);
  // Forgets a waiting exchange.
  void cancel(Exchange &exchange);
  // An exchange has ended.
  void release(Upstream &upstream, Outcome outcome);
  // A connection without an exchange showed a sign of life, or of death.
  void stirred(Upstream &upstream);

  // Tries again what could not connect; called a few times a second.
  void retry_waiting() { serve_waiting(); }
  void close_all();

 private:
  Backend *pick();
  int limit_of(const Backend &backend) const;
  void start(Backend &backend, Exchange &exchange);
  void serve_waiting();
  void refresh(Backend &backend);
  void core_is_free(Upstream &upstream);
  bool carries(Backend &backend, Exchange &exchange, Upstream &upstream);

  uv_loop_t *loop_;
  std::vector<Backend> backends_;
  size_t next_ = 0;  // where the search for a free backend begins
  std::deque<Exchange *> waiting_;
  bool serving_ = false;
};

}  // namespace mortise::http
