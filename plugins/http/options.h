// What the configuration says about HTTP. Set by option callbacks in the master, read-only after the fork.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::http {

struct Options {
  uwsgi_string_list *gateways = nullptr;  // addresses of --http
  uwsgi_string_list *to_https = nullptr;  // addresses whose requests are sent away, "ADDRESS[,PORT]"
  uwsgi_string_list *to = nullptr;        // uwsgi-protocol servers of --http-to; none: our own workers
  uwsgi_string_list *vars = nullptr;      // "NAME=value", added to each request of the gateway
  int processes = 1;                      // of the gateway

  // Seconds.
  int timeout = 60;          // without progress, from a dispatched request to the end of its response
  int connect_timeout = 4;   // to a server of --http-to
  int headers_timeout = 10;  // from the first byte of a head to its last
  int keepalive = 65;        // between requests of a connection; 0: each connection serves one

  uwsgi_string_list *stats = nullptr;            // addresses that tell of the gateway in JSON
  uwsgi_string_list *trusted_proxies = nullptr;  // networks whose X-Forwarded-For is believed
  int proxy_protocol = 0;                        // connections of --http begin with a PROXY header
  int health = 0;                                // /-/live and /-/ready are answered by the gateway
  int auto_gzip = 0;             // responses that ask for it by "uWSGI-Encoding: gzip" are compressed
  int response_buffering = 256;  // MiB of a response that a slow client leaves to the disk
  int post_buffering = 0;        // bytes of a body that wait in memory for its end; 0: bodies are not awaited
  char *post_buffering_dir = nullptr;  // of the rest

  int modifier1 = 0, modifier2 = 0;                // of requests that the gateway forwards
  int socket_modifier1 = 0, socket_modifier2 = 0;  // of requests on --http-socket
};

// An object and not a function: the option table must be readable before any code of the plugin has run.
extern Options options;

// Calls take(value) for each time that an option of somebody else was given, in order; "" where it had no
// value.
template <typename Take>
void for_each_given(std::string_view name, Take take) {
  for (int i = 0; i < uwsgi.exported_opts_cnt; ++i)
    if (const uwsgi_opt &option = *uwsgi.exported_opts[i]; option.key == name)
      take(option.value ? option.value : "");
}

// Options of yes or no, with or without a value. [load]
void set_switch(char *name, char *value, void *flag);
// Callbacks of the option table. [load]
void add_http_socket(char *name, char *value, void *data);
void set_keepalive(char *name, char *value, void *data);
void set_modifier(char *name, char *value, void *modifier);
void add_variable(char *name, char *value, void *data);
void add_server(char *name, char *value, void *data);
void accept_always_on(char *name, char *value, void *data);

}  // namespace mortise::http
