// What the requests of the loop wait for, descriptors and times, and whose turn it is.
#pragma once

#include <uwsgi.h>

namespace mortise::async {

// Opens the loop's epoll; from here on requests can wait. False: errno.
bool open_queue();
int queue();

// The head of this request is read when its descriptor is readable, for at most so many seconds (0: for
// ever).
bool watch_head(wsgi_request *request, int timeout_s);
// Of a descriptor that epoll reported; null: it is no request's.
wsgi_request *watcher_of(int fd);
// It can be read or written: what waits for it is next.
void report_ready(wsgi_request *request, int fd);

// To be continued.
void enqueue(wsgi_request *request);
wsgi_request *dequeue();
size_t queued();
bool waits(const wsgi_request *request);
// Milliseconds to the next time that is over, -1: there is none.
int next_timeout_ms();
// Heads that have not come whole get so many seconds more.
void hurry_heads(int seconds);

// A head that did not come in time; set by the loop.
extern void (*head_timed_out)(wsgi_request *);

// The hooks of uwsgi.wait_…, which switch away from the request where an engine can.
void install_wait_hooks();
// Set around what runs in a request: elsewhere, nothing could be switched to.
extern thread_local bool in_request;

}  // namespace mortise::async
