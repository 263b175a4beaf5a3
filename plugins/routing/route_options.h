// From the value of a `route…` option to a route in its chain, in two steps: options are read before all
// plugins are there, so actions are set up when the server starts.
#pragma once

#include <uwsgi.h>

namespace mortise::routing {

// Sets up what was collected; later routes are set up at once. [load]
void set_up_routes();

// What a route needs for each core. [load]
void allocate_match_state(uwsgi_route *route);

}  // namespace mortise::routing
