// The four lists of routes and how they are walked for a request.
#pragma once

#include <uwsgi.h>

#include "route_syntax.h"

namespace mortise::routing {

// Address of the first route of a chain, in `uwsgi`.
uwsgi_route **first_of(Chain chain);

// Position of a label in its chain; 0: there is none (positions count from 1).
uint32_t position_of_label(Chain chain, std::string_view label);

// Which chain is being walked for this request. [request]
Chain current_chain(const wsgi_request *request);

// Sets the server's pointers for the chains that have routes. [load]
void enable_chains();

}  // namespace mortise::routing
