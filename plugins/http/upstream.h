// A connection to a server of requests: one of our workers over its private socket, or one of --http-to.
// Carries one exchange at a time; which one, and what becomes of it in between, is the dispatcher's business.
#pragma once

#include "stream.h"

namespace mortise::http {

class Dispatcher;
class Exchange;
struct Backend;

class Upstream final : public Stream {
 public:
  Upstream(Dispatcher &dispatcher, Backend &backend, int generation)
      : dispatcher_(dispatcher), backend_(backend), generation_(generation) {}

  Backend &backend() { return backend_; }
  // Which life of the backend it connects to; see Backend.
  int generation() const { return generation_; }

  void begin(Exchange &exchange) { exchange_ = &exchange; }
  void end() { exchange_ = nullptr; }

 private:
  ~Upstream() override = default;
  void received(char *data, size_t len) override;
  void ended(int error) override;
  void write_failed(int error) override;
  void drained() override;

  Dispatcher &dispatcher_;
  Backend &backend_;
  const int generation_;
  Exchange *exchange_ = nullptr;
};

}  // namespace mortise::http
