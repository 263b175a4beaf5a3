// The actions that this plugin gives to routes.
#pragma once

#include <uwsgi.h>

namespace mortise::transformations {

void register_actions();
void register_offload();

}  // namespace mortise::transformations
