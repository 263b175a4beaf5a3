// The hook table and the names.
#include <uwsgi.h>

#include "actions.h"

static void on_load() {
  register_cache_answers();
  register_cache_items();
  register_cache_store();
}

uwsgi_plugin router_cache_plugin = {.name = "router_cache", .on_load = on_load};
