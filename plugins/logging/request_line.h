// The line of a request: whether there is one, what it says, and its way to the log without waiting.
#pragma once

#include <uwsgi.h>

namespace mortise::logging {

// Parses the format and sets uwsgi.logit. [master, init]
void prepare_request_lines();

// Whether the options want a line for this request.
bool is_wanted(const wsgi_request *request);

}  // namespace mortise::logging
