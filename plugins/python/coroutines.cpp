// The hooks suspend and resume, for coroutine engines that switch between C stacks beneath Python.
#include <vector>

#include "engine_interface.h"
#include "gil.h"

namespace mortise::python {

namespace {

// Who is not running, of the one thread that has coroutines.
ThreadGil loop;
std::vector<ThreadGil> coroutines;
size_t running = 0;

}  // namespace

// On the side of the loop: the request that is switched to begins where it stopped, or as a thread that
// Python does not know yet.
void suspend_coroutine(wsgi_request *request) {
  if (request) {
    coroutines[static_cast<size_t>(request->async_id)] = leave_gil();
    return;
  }
  if (coroutines.empty()) coroutines.resize(static_cast<size_t>(uwsgi.cores));
  running = static_cast<size_t>(uwsgi.wsgi_req->async_id);
  loop = leave_gil();
  enter_gil({coroutines[running].state, false});
}

// A coroutine that has ended leaves its thread state to the next one of its core.
void resume_coroutine(wsgi_request *request) {
  if (request) {
    enter_gil(coroutines[static_cast<size_t>(request->async_id)]);
    return;
  }
  if (const ThreadGil last = leave_gil(); last.state) coroutines[running] = {last.state, last.held};
  enter_gil(loop);
}

}  // namespace mortise::python
