#include <dlfcn.h>
#include <mortise/route_text.hpp>

#include <cstring>

#include "actions.h"

using namespace mortise;

namespace {

struct Store {
  RouteSetting key, name, value, gzip, status, expires;
  uint64_t seconds;
  int also_status;  // kept as well as a 200
};

// What is to be kept of one response; in the step's own buffer, which ends with the request: the key's length
// and bytes, those of the key of the compressed copy, those of a value.
struct Kept {
  const Store *store;
  uint32_t key_len, gzip_len, value_len;
};

bool add(uwsgi_buffer *kept, wsgi_request *request, uwsgi_route *route, const char *setting, uint32_t *len) {
  if (!setting) return true;
  RouteText text(request, route, setting);
  *len = static_cast<uint32_t>(text ? text.view().size() : 0);
  return text && uwsgi_buffer_append(kept, text.c_str(), text.view().size()) == 0;
}

using Gzip = uwsgi_buffer *(*)(char *, size_t);

int keep(wsgi_request *request, uwsgi_transformation *step) {
  Kept kept;
  memcpy(&kept, step->ub->buf, sizeof kept);
  const char *key = step->ub->buf + sizeof kept, *gzip_key = key + kept.key_len;
  char *body = kept.value_len ? step->ub->buf + sizeof kept + kept.key_len + kept.gzip_len : step->chunk->buf;
  const size_t len = kept.value_len ? kept.value_len : step->chunk->pos;
  const Store &store = *kept.store;
  const bool good = request->status == 200 || (store.also_status && request->status == store.also_status);
  if (request->write_errors || !good || len == 0) return 0;
  uwsgi_cache_magic_set(key, static_cast<uint16_t>(kept.key_len), body, len, store.seconds,
                        UWSGI_CACHE_FLAG_UPDATE, store.name);
  if (kept.gzip_len == 0) return 0;
  static const auto gzip = reinterpret_cast<Gzip>(dlsym(RTLD_DEFAULT, "uwsgi_gzip"));
  if (uwsgi_buffer *packed = gzip ? gzip(body, len) : nullptr) {
    uwsgi_cache_magic_set(gzip_key, static_cast<uint16_t>(kept.gzip_len), packed->buf, packed->pos,
                          store.seconds, UWSGI_CACHE_FLAG_UPDATE, store.name);
    uwsgi_buffer_destroy(packed);
  }
  return 0;
}

int add_step(wsgi_request *request, uwsgi_route *route) {
  const auto &store = *static_cast<const Store *>(route->data2);
  Kept kept{&store, 0, 0, 0};
  uwsgi_buffer *memory = uwsgi_buffer_new(256);
  memory->pos = sizeof kept;
  if (add(memory, request, route, store.key, &kept.key_len) &&
      add(memory, request, route, store.gzip, &kept.gzip_len) &&
      add(memory, request, route, store.value, &kept.value_len)) {
    memcpy(memory->buf, &kept, sizeof kept);
    uwsgi_add_transformation(request, keep, nullptr)->ub = memory;
  } else {
    uwsgi_buffer_destroy(memory);
  }
  return UWSGI_ROUTE_NEXT;
}

int set_up(uwsgi_route *route, char *args) {
  auto *store = static_cast<Store *>(uwsgi_calloc(sizeof(Store)));
  route->func = add_step;
  route->data2 = store;
  if (uwsgi_kvlist_parse_strict(args, strlen(args), ',', '=', "key", &store->key, "gzip", &store->gzip,
                                "name", &store->name, "value", &store->value, "status", &store->status,
                                "code", &store->status, "expires", &store->expires,
                                static_cast<char *>(nullptr)))
    return refuse_route(route,
                        "it is written key=…,name=CACHE,expires=SECONDS,gzip=KEY,value=…,status=NUMBER");
  if (!store->key) return refuse_route(route, "it needs key=");
  if (store->gzip && !dlsym(RTLD_DEFAULT, "uwsgi_gzip") && uwsgi_load_plugin("compression"))
    return refuse_route(route, "gzip= needs the plugin compression");
  if (store->expires) store->seconds = strtoull(store->expires, nullptr, 10);
  if (store->status) store->also_status = atoi(store->status);
  return 0;
}

}  // namespace

void register_cache_store() {
  for (const char *name : {"cachestore", "cache-store"}) uwsgi_register_router(name, set_up);
}
