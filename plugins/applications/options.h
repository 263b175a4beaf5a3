// What the configuration says to this plugin. Set by option callbacks in the master, read-only afterwards.
#pragma once

#include <uwsgi.h>

#include "mortise/applications.h"

namespace mortise::applications {

inline constinit uwsgi_application_options options{};

}  // namespace mortise::applications
