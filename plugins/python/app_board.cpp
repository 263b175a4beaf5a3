#include "app_board.h"

#include <cstring>

namespace mortise::python {

namespace {

AppNotice *board = nullptr;  // max_apps places for each worker, and for the master

}  // namespace

void create_app_board() {
  const auto places = static_cast<size_t>(uwsgi.numproc + 1) * static_cast<size_t>(uwsgi.max_apps);
  board = static_cast<AppNotice *>(uwsgi_calloc_shared(places * sizeof(AppNotice)));
}

AppNotice *app_notice(int wid, int id) {
  if (!board || wid > uwsgi.numproc || id < 0 || id >= uwsgi.max_apps) return nullptr;
  return &board[wid * uwsgi.max_apps + id];
}

void post_app_notice(int id, const uwsgi_app &app) {
  const int first = uwsgi.mywid, last = uwsgi.mywid ? uwsgi.mywid : uwsgi.numproc;
  for (int wid = first; wid <= last; ++wid) {
    AppNotice *notice = app_notice(wid, id);
    if (!notice) return;
    *notice = {};
    notice->mountpoint_len = app.mountpoint_len;
    memcpy(notice->mountpoint, app.mountpoint, app.mountpoint_len);
    memcpy(notice->chdir, app.chdir, sizeof notice->chdir);
    notice->startup_time = app.startup_time;
    notice->interpreter = reinterpret_cast<uint64_t>(app.interpreter);
    notice->callable = reinterpret_cast<uint64_t>(app.callable);
    notice->used = 1;
  }
}

void clear_app_notices() {
  for (int id = 0; AppNotice *notice = app_notice(uwsgi.mywid, id); ++id) {
    if (!notice->used) return;
    notice->used = 0;
  }
}

}  // namespace mortise::python
