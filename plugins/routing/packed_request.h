// The request as a packet of the uwsgi protocol, for actions that hand its bytes on.
#pragma once

#include <uwsgi.h>

namespace mortise::routing {

// Has the route's action find the variables packed, as they are then, in the request's buffer. [load]
void pack_before(uwsgi_route *route);

}  // namespace mortise::routing
