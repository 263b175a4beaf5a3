// A request's body as hooks ask for it: by size, by line, from a position.
#include <uwsgi.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "kernel/body.h"
#include "kernel/request.h"

using namespace mortise;

extern "C" {

char *uwsgi_request_body_read(wsgi_request *wsgi_req, ssize_t hint, ssize_t *len) {
  Request &request = Request::of(wsgi_req);
  try {
    size_t held = request.body_end - request.body_begin;
    if (hint <= 0) {  // whatever is there: what is held, or one read
      if (held == 0) {
        ssize_t got = hold_more(request, kBodyPiece);
        if (got < 0) return nullptr;
        held = static_cast<size_t>(got);
      }
      return give(request, held, len);
    }
    size_t wanted = static_cast<size_t>(hint);
    while (held < wanted) {
      ssize_t got = hold_more(request, std::min(wanted - held, std::max(kBodyPiece, held)));
      if (got < 0) return nullptr;
      if (got == 0) break;
      held += static_cast<size_t>(got);
    }
    return give(request, std::min(held, wanted), len);
  } catch (const std::bad_alloc &) {
    errno = ENOMEM;
    return nullptr;
  }
}

char *uwsgi_request_body_readline(wsgi_request *wsgi_req, ssize_t hint, ssize_t *len) {
  Request &request = Request::of(wsgi_req);
  size_t searched = 0;
  try {
    for (;;) {
      size_t held = request.body_end - request.body_begin;
      size_t limit = hint > 0 ? std::min(held, static_cast<size_t>(hint)) : held;
      char *start = request.body.data() + request.body_begin;
      if (limit > searched) {
        void *newline = memchr(start + searched, '\n', limit - searched);
        if (newline) return give(request, static_cast<size_t>(static_cast<char *>(newline) - start) + 1, len);
      }
      if (hint > 0 && limit == static_cast<size_t>(hint)) return give(request, limit, len);
      searched = limit;
      ssize_t got = hold_more(request, kBodyPiece);
      if (got < 0) return nullptr;
      if (got == 0) return give(request, limit, len);
    }
  } catch (const std::bad_alloc &) {
    errno = ENOMEM;
    return nullptr;
  }
}

void uwsgi_request_body_seek(wsgi_request *wsgi_req, off_t pos) {
  Request &request = Request::of(wsgi_req);
  if (!request.body_is_kept || pos < 0) return;
  const size_t to = std::min(static_cast<size_t>(pos), request.body_size);
  if (request.post_file) {
    request.body_begin = request.body_end = 0;
    request.body_file_pos = to;
  } else {
    request.body_begin = to;
  }
}

}  // extern "C"
