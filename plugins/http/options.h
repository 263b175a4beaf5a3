// What the configuration says about HTTP. Set by option callbacks in the master, read-only after the fork.
#pragma once

#include <uwsgi.h>

namespace mortise::http {

struct Options {
  uwsgi_string_list *gateways = nullptr;  // addresses of --http
  uwsgi_string_list *to = nullptr;        // uwsgi-protocol servers of --http-to; none: our own workers
  uwsgi_string_list *vars = nullptr;      // "NAME=value", added to each request of the gateway
  int processes = 1;                      // of the gateway

  // Seconds.
  int timeout = 60;          // without progress, from a dispatched request to the end of its response
  int connect_timeout = 4;   // to a server of --http-to
  int headers_timeout = 10;  // from the first byte of a head to its last
  int keepalive = 65;        // between requests of a connection; 0: each connection serves one

  int modifier1 = 0, modifier2 = 0;                // of requests that the gateway forwards
  int socket_modifier1 = 0, socket_modifier2 = 0;  // of requests on --http-socket
};

// An object and not a function: the option table must be readable before any code of the plugin has run.
extern Options options;

// Callbacks of the option table. [load]
void add_http_socket(char *name, char *value, void *data);
void set_keepalive(char *name, char *value, void *data);
void accept_always_on(char *name, char *value, void *data);

}  // namespace mortise::http
