#pragma once

#include <uwsgi.h>

namespace mortise {

// The one range that a request asks for to its range_… members, where there is one and it is well-formed.
void read_range(wsgi_request *request);

}  // namespace mortise
