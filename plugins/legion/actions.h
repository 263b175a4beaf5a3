// What options such as legion-lord run.
#pragma once

#include <uwsgi.h>

namespace mortise::legion {

void add_built_in_actions();
// All of them, in order; false where one failed. [legion]
bool run_actions(const char *phase, uwsgi_legion &legion, const uwsgi_string_list *hooks);

}  // namespace mortise::legion
