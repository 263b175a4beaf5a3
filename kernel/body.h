// The request's body, read lazily: first what came with the head, then from the connection, waiting as long
// as socket-timeout allows.
#pragma once

#include <uwsgi.h>

namespace mortise {

struct Request;

// Before the hook, with post-buffering: reads the body whole, into memory or, where it is larger than that,
// into post_file; uwsgi_request_body_seek() works then. -1: the request is to be answered with body_status.
// [worker]
[[gnu::cold]] int buffer_body(wsgi_request *request);

// Bytes of it that the peer may still send; a chunked one owes until it says that it is done. [worker]
inline size_t owed_body(const wsgi_request *request) {
  if (request->body_is_chunked) return request->body_ended ? 0 : SIZE_MAX;
  return request->post_cl > request->post_pos ? request->post_cl - request->post_pos : 0;
}

// After the hook: reads what is here of a body that the hook left, without waiting. False: the connection
// cannot carry another request. True: it can, after the rest of the body where that is still owed. [worker]
[[gnu::cold]] bool pass_over_body(wsgi_request *request);

// Reads up to `more` bytes behind those of the body that are held, waiting: their number, 0 at the end (what
// is held stays then), or -1. [worker]
ssize_t hold_more(Request &request, size_t more);
// The first `len` of the bytes that are held; valid until the next call. [worker]
char *give(Request &request, size_t len, ssize_t *result_len);
constexpr size_t kBodyPiece = 64 * 1024;  // what one read asks for

}  // namespace mortise
