// What routes are made of, by name: actions ("routers"), conditions and variables, ours and those of other
// plugins. Filled while plugins are loaded, read afterwards.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>

namespace mortise::routing {

// nullptr: there is none. find_router loads the plugin that is known to have the action first. [load]
const uwsgi_router *find_router(std::string_view name);
const uwsgi_route_condition *find_condition(std::string_view name);
// [any]
const uwsgi_route_var *find_variable(std::string_view name);

// Names in alphabetical order, for messages.
std::string router_names();
std::string condition_names();

}  // namespace mortise::routing
