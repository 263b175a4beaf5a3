// The hook table.
#include <uwsgi.h>

#include <algorithm>

#include "actions.h"
#include "step_pool.h"

namespace mortise::transformations {
namespace {

void on_load() {
  uwsgi.transform = uwsgi_apply_transformations;
  uwsgi.transform_final = uwsgi_apply_final_transformations;
  register_actions();
}

int init() {
  prepare_pools(static_cast<size_t>(std::max({uwsgi.cores, uwsgi.threads, uwsgi.async, 1})));
  return 0;
}

}  // namespace
}  // namespace mortise::transformations

uwsgi_plugin transformations_plugin = {
    .name = "transformations",
    .on_load = mortise::transformations::on_load,
    .init = mortise::transformations::init,
};
