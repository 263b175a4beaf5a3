#include "last_worker.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

namespace mortise::process {

int die_on_no_workers = 0;

namespace {

bool any_lived = false;
bool none_left = false;

bool any_lives() {
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    if (uwsgi.workers[wid].pid > 0) return true;
  return false;
}

// Those that were asked to rest are not dead.
bool any_wanted() {
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    if (!uwsgi.workers[wid].cheaped) return true;
  return false;
}

// By what was started: they may all be dead when the master has its next turn.
// While a reload is tried, the workers of the generation before are not among those seen here.
void note_life() {
  if (any_lived || uwsgi_server_state() == UWSGI_RELOADING) return;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) any_lived |= uwsgi.workers[wid].last_spawn > 0;
}

}  // namespace

void look_for_workers() {
  if (!die_on_no_workers) return;
  note_life();
  none_left |= any_lived && any_wanted() && !any_lives();
}

void end_without_workers() {
  if (!die_on_no_workers) return;
  note_life();
  if (!none_left || uwsgi_server_state() == UWSGI_STOPPING) return;
  uwsgi_log("all workers are dead: the server ends (die-on-no-workers)\n");
  uwsgi_stop_server(0);
}

}  // namespace mortise::process
