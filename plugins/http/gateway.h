// The gateway as the master sees it: addresses bound and processes registered before the fork, and which
// private socket belongs to which worker.
#pragma once

namespace mortise::http {

// The hook init. [master]
int prepare_gateway();

// The hook post_fork: a worker keeps its own private socket and none of the gateway's. [worker]
void leave_gateway_to_itself();

}  // namespace mortise::http
