// What the client of a request that hangs is told, and what the log is.
#pragma once

struct wsgi_request;

namespace mortise::harakiri {

// Both while another thread still serves the request: it hangs, and its worker is about to end.
void log_request_and_stack(const wsgi_request *request, int core, double seconds);
// 504, where nothing was sent and the protocol's answers begin as HTTP's.
void answer_504(wsgi_request *request);

}  // namespace mortise::harakiri
