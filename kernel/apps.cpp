#include "kernel/apps.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/log.h"

namespace mortise {

Result<void> own_apps(int wid) {
  uwsgi_worker &worker = uwsgi.workers[wid];
  const size_t bytes = std::max<size_t>(sizeof(uwsgi_app) * static_cast<size_t>(uwsgi.max_apps), 1);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (mmap(worker.apps, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) == MAP_FAILED)
    return system_error("map the applications of worker " + std::to_string(wid), errno, {}, kExitSystem);
  // Not counted down: a predecessor may still use its own by this number; whoever looks finds empty places
  // instead.
  std::copy_n(uwsgi.workers[0].apps, uwsgi.workers[0].apps_cnt, worker.apps);
  return {};
}

}  // namespace mortise

extern "C" {

uwsgi_app *uwsgi_add_app(int id, uint8_t modifier1, char *mountpoint, int mountpoint_len, void *interpreter,
                         void *callable) {
  if (id < 0 || id >= uwsgi.max_apps) {
    mortise::log_error("app %d not added: the server has room for %d (raise --max-apps)", id, uwsgi.max_apps);
    return nullptr;
  }
  uwsgi_app *app = &uwsgi_apps[id];
  *app = {};
  app->modifier1 = modifier1;
  app->mountpoint_len = static_cast<uint8_t>(mountpoint_len < 0xff ? mountpoint_len : 0xfe);
  if (app->mountpoint_len) memcpy(app->mountpoint, mountpoint, app->mountpoint_len);
  app->interpreter = interpreter;
  app->callable = callable;
  app->started_at = uwsgi_now();
  if (id >= uwsgi_apps_cnt) uwsgi_apps_cnt = id + 1;
  return app;
}

int uwsgi_get_app_id(wsgi_request *, const char *key, uint16_t keylen, int modifier1) {
  for (int id = 0; id < uwsgi_apps_cnt; ++id) {
    const uwsgi_app &app = uwsgi_apps[id];
    if (!app.callable || (modifier1 >= 0 && app.modifier1 != modifier1)) continue;
    if (app.mountpoint_len == keylen && memcmp(app.mountpoint, key, keylen) == 0) return id;
  }
  return -1;
}

// Slots are per worker already and filled after the fork, unless preloading was asked for: then the master's
// are copied.
void uwsgi_emulate_cow_for_apps(int id) {
  if (uwsgi.mywid != 0) return;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    uwsgi.workers[wid].apps[id] = uwsgi.workers[0].apps[id];
    uwsgi.workers[wid].apps_cnt = uwsgi.workers[0].apps_cnt;
  }
}

}  // extern "C"
