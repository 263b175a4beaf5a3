// What algorithms look at: how many workers run, how many are busy, how many connections wait.
#pragma once

#include <uwsgi.h>

namespace mortise::cheaper {

inline bool runs(int wid) {
  return !uwsgi.workers[wid].cheaped && uwsgi.workers[wid].pid > 0;
}
inline bool may_start(int wid) {
  return uwsgi.workers[wid].cheaped && uwsgi.workers[wid].pid == 0;
}

template <typename Condition>
int count_workers(Condition condition) {
  int count = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) count += condition(wid) ? 1 : 0;
  return count;
}

inline int running() {
  return count_workers(runs);
}
// At most so many of those that do not run.
inline int startable(int most) {
  int count = count_workers(may_start);
  return count < most ? count : most;
}
inline bool all_busy() {
  return count_workers([](int wid) { return runs(wid) && !uwsgi_worker_is_busy(wid); }) == 0;
}

}  // namespace mortise::cheaper
