// The applications of a worker: struct uwsgi_app and the search for the one that a request names.
#include <uwsgi.h>

#include <cstring>

extern "C" {

uwsgi_app *uwsgi_add_app(int id, uint8_t modifier1, char *mountpoint, int mountpoint_len, void *interpreter,
                         void *callable) {
  if (id < 0 || id >= uwsgi.max_apps) {
    uwsgi_log("error: app %d not added: the server has room for %d (raise --max-apps)\n", id, uwsgi.max_apps);
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
