// The metrics that the server itself has, with uWSGI's names and numbers.
#pragma once

namespace mortise::metrics {

// core.*, worker.N.*, worker.N.core.M.* unless no_cores, socket.N.*, rss_size, vsz_size. The sockets and
// workers of the configuration are known. [master]
void add_server_metrics(bool with_cores);

}  // namespace mortise::metrics
