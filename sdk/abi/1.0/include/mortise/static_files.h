/* Which file answers a request, and with what head. Provider: plugins/static; not part of uWSGI's API. A
 * server looks the function up with dlsym(RTLD_DEFAULT, …): it is there when a static option was given. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_static_text {
  const char *text; /* not NUL-terminated; NULL: the request has no such header */
  size_t len;
};

struct uwsgi_static_request {
  struct uwsgi_static_text method, path, uri, query; /* the path decoded, uri as it was sent */
  struct uwsgi_static_text host, document_root;
  struct uwsgi_static_text accept_encoding, range, if_range;
  struct uwsgi_static_text if_match, if_none_match, if_modified_since, if_unmodified_since;
  int https;
  int borrows; /* answer.fd may be borrowed: it saves opening the file again and again */
};

struct uwsgi_static_answer {
  int status;
  int fd;            /* -1: no body; else the caller's to close */
  uint64_t pos, len; /* what of the file is the body */
  /* Header lines, each with its CRLF: Content-Length (where the status has one), Content-Type, ETag, … */
  char head[2048];
  size_t head_len;
  int borrowed; /* fd is not the caller's to close, and good until this thread's next call */
};

/* [any] 1: answered; 0: not a request for a file, or there is no such file and the application is asked. */
int uwsgi_static_find(const struct uwsgi_static_request *, struct uwsgi_static_answer *);

#ifdef __cplusplus
}
#endif
