#pragma once

#include <uwsgi.h>

namespace mortise::offload {

// [offload thread] Event function of the engine "chunks": what fd brings, in chunks, until its end.
int send_chunks(uwsgi_thread *, uwsgi_offload_request *, int fd);

}  // namespace mortise::offload
