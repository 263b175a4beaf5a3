// The memory of the steps: each core has its own, and uses them again for later requests.
#pragma once

#include <uwsgi.h>

namespace mortise::transformations {

// Room for so many cores. [load]
void prepare_pools(size_t cores);

// An empty step at the end of the request's chain. Steps of an earlier request whose chain nobody ended are
// taken back first. [request]
uwsgi_transformation *append_step(wsgi_request *request);

// Takes back all steps of the request. [request]
void release_steps(wsgi_request *request);

}  // namespace mortise::transformations
