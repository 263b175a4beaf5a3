// The hook table.
#include <uwsgi.h>

#include <algorithm>

#include "gzip_body.h"

static int init() {
  mortise::compression::prepare_cores(
      static_cast<size_t>(std::max({uwsgi.cores, uwsgi.threads, uwsgi.async, 1})));
  return 0;
}

uwsgi_plugin compression_plugin = {
    .name = "compression",
    .on_load = mortise::compression::register_gzip,
    .init = init,
};
