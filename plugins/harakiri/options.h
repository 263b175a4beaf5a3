// What the options ask for, besides uwsgi.harakiri_options.workers: seconds that a request may take, 0: as
// long as it likes. Read-only once the workers are forked.
#pragma once

namespace mortise::harakiri {

struct Options {
  int verbose = 0;           // all threads, and what they wait for in the system
  int graceful_seconds = 0;  // what the other requests of the worker may take then; 0: worker-reload-mercy
  int graceful_signal = 0;   // what the worker gets first
  int queue_threshold = 0;   // only while so many connections wait
};
inline Options options;

}  // namespace mortise::harakiri
