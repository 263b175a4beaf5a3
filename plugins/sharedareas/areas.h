// The areas of the configuration, numbered in its order.
#pragma once

#include <uwsgi.h>

namespace mortise::sharedareas {

// 0, or -1 and the log says why. [init]
int create_configured(const uwsgi_string_list *wanted);

}  // namespace mortise::sharedareas
