// What each worker says of its applications, in memory that all processes share: uwsgi_app itself is each
// worker's own.
#pragma once

#include <uwsgi.h>

namespace mortise::python {

struct AppNotice {
  int used;
  char mountpoint[0xff];
  uint8_t mountpoint_len;
  char chdir[0xff];
  time_t startup_time;  // seconds
  uint64_t interpreter, callable;
  uint64_t requests, exceptions;
};

// [master, once]
void create_app_board();
// The place of an application of a worker (0: the master's, preloaded); null where there is no room.
AppNotice *app_notice(int wid, int id);
// Says that this process has loaded an application; where it is the master, that all workers have it.
void post_app_notice(int id, const uwsgi_app &app);
// This worker's applications of a predecessor are forgotten. [worker, before it loads its own]
void clear_app_notices();

}  // namespace mortise::python
