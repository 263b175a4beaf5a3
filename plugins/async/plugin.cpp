// The hook table and the options of async mode.
#include <uwsgi.h>

#include "cores.h"
#include "loop.h"
#include "waits.h"

// A macro for the call; here the member is set.
#undef current_wsgi_req

namespace mortise::async {

namespace {

uwsgi_option option_rows[] = {
    {"async", required_argument, 0, "cores of each worker that one thread serves", uwsgi_opt_set_int,
     &uwsgi.async, 0},
    {"disable-async-warn-on-queue-full", no_argument, 0, "do not say in the log that all cores are busy",
     uwsgi_opt_false, &tell_when_full, 0},
    UWSGI_END_OF_OPTIONS};

wsgi_request *(*request_of_thread)(void);

// Cores share a thread: who is switched to is the current one. Where an engine does not say who that is, it
// serves one connection at a time.
wsgi_request *current_request() {
  return uwsgi.wsgi_req ? uwsgi.wsgi_req : request_of_thread();
}

void on_load() {
  uwsgi_register_loop("async", run_loop);
}

int init() {
  if (uwsgi.async < 2) return 0;
  if (!uwsgi.loop) uwsgi.loop = uwsgi_str("async");
  if (uwsgi.threads > 1) {
    uwsgi_log("async: --threads is not used: one thread of each worker has its %d cores\n", uwsgi.async);
    uwsgi.threads = 1;
  }
  request_of_thread = uwsgi.current_wsgi_req;
  uwsgi.current_wsgi_req = current_request;
  return 0;
}

void post_fork() {
  if (uwsgi.mywid > 0 && uwsgi.async > 1) create_cores();
}

}  // namespace

}  // namespace mortise::async

using namespace mortise::async;

uwsgi_plugin async_plugin = {
    .name = "async",
    .on_load = on_load,
    .init = init,
    .post_fork = post_fork,
    .options = option_rows,
};
