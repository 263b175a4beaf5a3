// The request's body, read lazily: first what came with the head, then from the connection, waiting as long
// as socket-timeout allows.
#pragma once

#include <uwsgi.h>

namespace mortise {

// Before the hook, with post-buffering: reads the body whole, into memory or, where it is larger than that,
// into post_file; uwsgi_request_body_seek() works then. -1: the request is to be answered with body_status.
// [worker]
int buffer_body(wsgi_request *request);

// After the hook: 0 when the whole body was read (what little was left is read without waiting), -1 when the
// connection still holds body bytes and cannot carry another request. [worker]
int finish_body(wsgi_request *request);

}  // namespace mortise
