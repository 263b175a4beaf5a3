// The cores of a worker in async mode: which serve nobody, and what is known of the others.
#pragma once

#include <uwsgi.h>

namespace mortise::async {

struct Core {
  bool serves = false;    // between accept and close
  bool has_head = false;  // its request hook runs, or ran
  bool routed = false;
  bool queued = false;  // to be continued at the loop's next turn
  uint64_t due_us = 0;  // when its wait is over; 0: never
};

extern int tell_when_full;

// [worker, before any is used]
void create_cores();
Core &core_of(const wsgi_request *request);
bool any_free();
int busy_cores();
// The request is over: closes it, and its core may serve again.
void end_request(wsgi_request *request);
// The core goes back unused.
void give_back(wsgi_request *request);

}  // namespace mortise::async
