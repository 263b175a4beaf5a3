#include "last_worker.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

namespace mortise::process {

int die_on_no_workers = 0;

namespace {

bool none_left = false;

// Those that were asked to rest are not dead.
bool all_dead() {
  bool any_wanted = false;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    if (uwsgi.workers[wid].cheaped) continue;
    if (uwsgi.workers[wid].pid > 0) return false;
    any_wanted = true;
  }
  return any_wanted;
}

}  // namespace

void look_for_workers() {
  const int state = uwsgi_server_state();
  if (die_on_no_workers && (state == UWSGI_SERVING || state == UWSGI_RELOADING)) none_left |= all_dead();
}

void end_without_workers() {
  if (!none_left || uwsgi_server_state() == UWSGI_STOPPING) return;
  uwsgi_log("all workers are dead: the server ends (die-on-no-workers)\n");
  uwsgi_stop_server(0);
}

}  // namespace mortise::process
