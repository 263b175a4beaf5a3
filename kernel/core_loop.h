// The request loop. All cores of a worker wait on one epoll; hooks block, connections do not: a core that
// gets an event reads what is there, and only a whole request head occupies it for longer.
#pragma once

#include <uwsgi.h>

#include "kernel/request.h"
#include "kernel/worker_loop.h"

namespace mortise {

// One core: a thread that serves requests until the worker stops and its connections are gone. [worker]
class CoreLoop {
 public:
  CoreLoop(WorkerLoop &worker, int core);
  void run();
  // Its parts. One wait with what it brings, where there is one core.
  void turn(int timeout_ms);
  // Where there are several, of which this one leads: one event, waited for if need be. False: another one
  // leads now.
  bool lead(Lead::Place &place, int timeout_ms);
  // The end of what is overdue at that time.
  [[gnu::cold]] void sweep(int64_t now_ms);

  // For a loop engine of a plugin: serves one connection to its end; what must wait, waits in
  // uwsgi.wait_read_hook and wait_write_hook.
  void serve_alone(uwsgi_socket &socket, int fd);
  wsgi_request *request() { return &request_; }

  // For a loop engine that takes the steps of a request itself (kernel/request_steps.cpp). There is one
  // connection at a time, and one request on it.
  void prepare(uwsgi_socket *socket);
  bool accept(int listener);  // false: nobody is there
  int read_head();            // reads and parses: what uwsgi_socket.proto returns
  void end_request();         // finishes the response, counts, logs, closes
  void drop();                // closes

  // The core of that number for a loop engine, made when it is first asked for.
  static CoreLoop &numbered(int core);

  // The request that the calling thread serves; what uwsgi.current_wsgi_req is set to.
  static wsgi_request *current();

 private:
  int wait(int timeout_ms);
  void handle_event(const epoll_event &event);
  void tend();
  [[gnu::cold]] void learn_stop();
  bool may_leave();
  bool accept_from(uwsgi_socket &socket);
  void serve(Connection &connection, bool readable);
  size_t go_on(Connection &connection, bool drained);
  [[gnu::cold]] void refuse(Connection &connection);
  bool handle();  // all of the following: runs the request that input begins with; false when the connection
                  // must end
  void begin_request();
  bool refuse_large_body();
  bool body_may_come_first(size_t have) const;
  bool buffered();
  bool complete(int hook_result);
  void account();
  void wait_for_more(Connection &connection, Phase phase, int64_t timeout_s, bool drained = false);
  bool wait_alone(Connection &connection);
  [[gnu::cold]] void time_out(Connection &connection);
  [[gnu::cold]] void hand_over(Connection &connection);
  bool leave_to_flusher(Connection &connection, bool keeps);
  void flushed(Connection &connection);
  void linger(Connection &connection, bool unread);
  void drain(Connection &connection);

  WorkerLoop &worker_;
  const int core_;
  Request request_;
  uint64_t took_us_ = 0;        // the last request
  bool accepts_first_ = false;  // it still leads, and passes on when it has accepted
  bool client_ended_ = false;   // its side, as the present event says
  bool alone_ = false;          // in serve_alone(): epoll is not used
  bool waits_ = false;          // alone: the connection is to be waited for
  enum class Step : uint8_t { kHead, kGone, kRefused, kRunning, kAnswered };
  Step step_ = Step::kHead;
  Connection *connection_ = nullptr;  // whose steps are taken
  uwsgi_socket *listener_ = nullptr;  // that it comes from
};

// Routes and the request hook; called again for as long as it wants.
int answer(wsgi_request *request);

}  // namespace mortise
