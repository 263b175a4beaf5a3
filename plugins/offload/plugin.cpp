// The hook table and the option.
#include <uwsgi.h>

#include "engines.h"
#include "threads.h"

namespace mortise::offload {
namespace {

uwsgi_option options[] = {
    {"offload-threads", required_argument, 0, "threads in each worker that send files and relay for it",
     uwsgi_opt_set_int, &uwsgi.offload_threads, 0},
    {"offload-thread", required_argument, 0, "same as offload-threads", uwsgi_opt_set_int,
     &uwsgi.offload_threads, 0},
    UWSGI_END_OF_OPTIONS};

// Other plugins ask a request's socket whether there are threads.
void mark_sockets() {
  if (uwsgi.offload_threads <= 0) return;
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) socket->can_offload = 1;
}

void start() {
  if (uwsgi.mywid > 0) start_threads(uwsgi.offload_threads);
}

void end() {
  constexpr int kUsualSeconds = 60;
  if (running())
    wait_for_transfers(uwsgi.worker_reload_mercy > 0 ? uwsgi.worker_reload_mercy : kUsualSeconds);
}

}  // namespace
}  // namespace mortise::offload

uwsgi_plugin offload_plugin = {
    .name = "offload",
    .on_load = mortise::offload::register_engines,
    .post_init = mortise::offload::mark_sockets,
    .post_fork = mortise::offload::start,
    .options = mortise::offload::options,
    .atexit = mortise::offload::end,
};
