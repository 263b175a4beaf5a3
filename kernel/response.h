// The response: the head is collected, then leaves with the first bytes of the body in one writev.
#pragma once

#include <uwsgi.h>

namespace mortise {

// After the hook: sends what is still to be sent, or a 500 where the hook produced nothing. UWSGI_OK: the
// response was complete and well delimited; -1: the connection must be closed. [worker]
int finish_response(wsgi_request *request, int hook_result);

// A whole small answer: status line and a one-line text body, the cause of a refusal where there is one.
// [worker]
[[gnu::cold]] void send_error(wsgi_request *request, int status);

}  // namespace mortise
