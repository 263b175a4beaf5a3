// The action gzip of routes.
#pragma once

#include <uwsgi.h>

namespace mortise::compression {

void register_gzip();
// Room for so many cores. [load]
void prepare_cores(size_t cores);

}  // namespace mortise::compression
