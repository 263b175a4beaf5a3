/* Macros that plugins written for uWSGI use. */
#pragma once

#define uwsgi_apps uwsgi.workers[uwsgi.mywid].apps
#define uwsgi_apps_cnt uwsgi.workers[uwsgi.mywid].apps_cnt
#define ushared uwsgi.shared
/* 1: ready; 0: not within socket-timeout; -1: failed. */
#define uwsgi_wait_read_req(request) \
  ((request)->switches++, uwsgi.wait_read_hook((request)->fd, uwsgi.socket_timeout))
#define uwsgi_wait_write_req(request) \
  ((request)->switches++, uwsgi.wait_write_hook((request)->fd, uwsgi.socket_timeout))
#define current_wsgi_req() (*uwsgi.current_wsgi_req)()

#define uwsgi_foreach(item, list) for (item = list; item; item = item->next)
#define uwsgi_foreach_token(text, separators, token, context) \
  for (token = strtok_r(text, separators, &context); token; token = strtok_r(NULL, separators, &context))

/* Statements: some plugins write no semicolon behind them. */
#define uwsgi_error(what) uwsgi_log("%s: %s [%s:%d]\n", what, strerror(errno), __FILE__, __LINE__);
#define uwsgi_error_open(path) \
  uwsgi_log("open(\"%s\"): %s [%s:%d]\n", path, strerror(errno), __FILE__, __LINE__);
#define uwsgi_error_realpath(path) \
  uwsgi_log("realpath(\"%s\"): %s [%s:%d]\n", path, strerror(errno), __FILE__, __LINE__);
#define uwsgi_error_safe(what)                                                              \
  do {                                                                                      \
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINPROGRESS) uwsgi_error(what); \
  } while (0)
#define uwsgi_req_error(what)                                                                      \
  uwsgi_log("%s: %s during %.*s %.*s [%s:%d]\n", what, strerror(errno), (int)wsgi_req->method_len, \
            wsgi_req->method, (int)wsgi_req->uri_len, wsgi_req->uri, __FILE__, __LINE__)
#define uwsgi_fatal_error(what) \
  do {                          \
    uwsgi_error(what);          \
    exit(1);                    \
  } while (0)
#define uwsgi_log_safe(text)                     \
  do {                                           \
    if (write(2, text, strlen(text)) < 0) break; \
  } while (0)
#define uwsgi_log_initial \
  if (!uwsgi.quiet) uwsgi_log
#ifdef UWSGI_DEBUG
#define uwsgi_debug(...) uwsgi_log(__VA_ARGS__)
#else
#define uwsgi_debug(...)
#endif

#define uwsgi_str(text) uwsgi_concat2(text, "")
#define uwsgi_n64(text) strtoul(text, NULL, 10)
#define uwsgi_waitfd(fd, timeout) uwsgi_waitfd_event(fd, timeout, POLLIN)
#define uwsgi_waitfd_write(fd, timeout) uwsgi_waitfd_event(fd, timeout, POLLOUT)

#ifndef UMIN
#define UMIN(a, b) ((a) > (b) ? (b) : (a))
#endif
#ifndef UMAX
#define UMAX(a, b) ((a) > (b) ? (a) : (b))
#endif

/* A plugin that exits ends the process the server's way: atexit hooks run, the log says who it was. */
#define exit(status) uwsgi_exit(status)
