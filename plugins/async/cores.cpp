#include "cores.h"

#include <vector>

namespace mortise::async {

int tell_when_full = 1;

namespace {
std::vector<Core> cores;
}  // namespace

void create_cores() {
  const int count = uwsgi.async;
  cores.resize(static_cast<size_t>(count));
  uwsgi.async_queue_unused =
      static_cast<wsgi_request **>(uwsgi_calloc(sizeof(wsgi_request *) * static_cast<size_t>(count)));
  for (int i = 0; i < count; ++i) uwsgi.async_queue_unused[i] = uwsgi_request_of_core(count - 1 - i);
  uwsgi.async_queue_unused_ptr = count - 1;
}

Core &core_of(const wsgi_request *request) {
  return cores[static_cast<size_t>(request->async_id)];
}

bool any_free() {
  return uwsgi.async_queue_unused_ptr >= 0;
}

int busy_cores() {
  return uwsgi.async - 1 - uwsgi.async_queue_unused_ptr;
}

void give_back(wsgi_request *request) {
  core_of(request) = {};
  uwsgi.async_queue_unused[++uwsgi.async_queue_unused_ptr] = request;
}

void end_request(wsgi_request *request) {
  async_reset_request(request);
  uwsgi_close_request(request);
  request->async_status = UWSGI_OK;
  give_back(request);
}

}  // namespace mortise::async

using namespace mortise::async;

extern "C" {

wsgi_request *find_first_available_wsgi_req(void) {
  if (!uwsgi.async_queue_unused || !any_free()) return nullptr;
  wsgi_request *request = uwsgi.async_queue_unused[uwsgi.async_queue_unused_ptr--];
  core_of(request) = {};
  return request;
}

void uwsgi_async_queue_is_full(time_t now) {
  static time_t told = 0;
  if (!tell_when_full || told == now) return;
  told = now;
  uwsgi_log("async: all %d cores of worker %d are busy (connections wait; raise --async)\n", uwsgi.async,
            uwsgi.mywid);
}

wsgi_request *find_wsgi_req_by_id(int core) {
  return core >= 0 && core < uwsgi.cores ? uwsgi_request_of_core(core) : nullptr;
}

}  // extern "C"
