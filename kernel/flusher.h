// Sends what slow clients have not taken yet of their responses, so that they hold no core, and answers that
// were to wait for the next ones where these take long: a thread of the worker, started when there is need.
// While the request hook goes on, what it writes is kept behind what is here; when it has ended, the
// connection stays here until all is sent, and then goes back to the cores.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "kernel/connection.h"
#include "kernel/cork.h"
#include "kernel/fd.h"
#include "kernel/result.h"

namespace mortise {

class Flusher {
 public:
  // `watch` puts a descriptor into the cores' epoll: it is readable when a connection comes back.
  Flusher(ConnectionTable &connections, std::function<Result<void>(int fd)> watch);
  ~Flusher();

  enum class Kept { kAll, kSome, kLost };  // kSome: there is no room for more; kLost: the client is
  // [core] For a client that took no more: keeps these bytes, or this part of a file, for it.
  Kept keep(Connection &connection, iovec *&iov, int &count);
  Kept keep_file(Connection &connection, int fd, off_t begin, size_t len);
  enum class Rest { kNone, kSome, kLost };
  // [core] What is not sent yet of what was kept; kNone: the core may write again.
  Rest rest(Connection &connection);
  // [core] The request is over and the connection is out of epoll: it stays here until it is flushed or lost.
  void take_over(Connection &connection);
  // [core] Forgets what was kept, if anything; false: the client was lost.
  bool drop(Connection &connection);
  // [core] A connection that comes back, the caller's from then on, or nullptr.
  Connection *next_done();

  // [core] Whether there is room in the cork, and somebody who pulls it when the core does not.
  bool may_hold() { return !cork_.full() && ready(); }
  // [core] Before the end of the answer is written.
  void hold(const wsgi_request &request);
  Cork &cork() { return cork_; }

 private:
  bool ready();
  Result<void> start();
  void run();
  Connection *wait();
  void tick();
  void watch(Connection &connection);
  void unwatch(Connection &connection);
  void lose(Connection &connection);
  void send(Connection &connection);
  void hand_back(Connection &connection);
  template <typename Step>
  void step(Connection &connection, Step step);
  void flush(Connection &connection);
  void expire();
  template <typename Add>
  Kept keep_with(Connection &connection, Add add);

  ConnectionTable &connections_;
  const std::function<Result<void>(int fd)> watch_done_;
  std::mutex start_mutex_;
  int64_t next_try_ms_ = 0;  // where it could not be started
  std::atomic<bool> running_{false}, stops_{false};
  std::atomic<bool> sleeps_{false};  // without an end: it must be woken for a deadline
  std::atomic<int> watched_{0};
  Cork cork_;
  std::atomic<bool> ticks_{false};  // pulls the cork every few milliseconds
  int idle_ticks_ = 0;
  Fd epoll_, wake_;
  Pipe done_;  // addresses of connections; pipe(7) keeps so short messages whole
  std::thread thread_;
};

}  // namespace mortise
