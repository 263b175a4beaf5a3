// The HTTP plugin's table: its options and hooks. What they do is in options, http_protocol and gateway.
#include <uwsgi.h>

#include "gateway.h"
#include "http_protocol.h"
#include "options.h"
#include "subscriptions.h"

using namespace mortise::http;

// clang-format off
static uwsgi_option http_options[] = {
    {"http", required_argument, 0, "serve HTTP on this address through the gateway process",
     uwsgi_opt_add_string_list, &options.gateways, 0},
    {"http-to-https", required_argument, 0, "requests on this address are redirected to HTTPS: ADDRESS[,PORT]",
     uwsgi_opt_add_string_list, &options.to_https, 0},
    {"http-socket", required_argument, 0, "serve HTTP on this address in the workers themselves",
     add_http_socket, nullptr, 0},
    {"http11-socket", required_argument, 0, "same as --http-socket",
     add_http_socket, nullptr, 0},
    {"http-to", required_argument, 0, "the gateway forwards to this server of the uwsgi protocol, not to our workers",
     add_server, nullptr, 0},
    {"http-subscription-server", required_argument, 0,
     "requests go to the servers that announce themselves at this address for their host (subscribe-to)",
     add_subscription_server, nullptr, 0},
    {"http-subscription-fallback-key", required_argument, 0, "same, for hosts that nobody has announced",
     uwsgi_opt_set_str, &subscriptions.fallback_key, 0},
    {"http-processes", required_argument, 0, "number of gateway processes (1)",
     uwsgi_opt_set_int, &options.processes, 0},
    {"http-workers", required_argument, 0, "same as --http-processes",
     uwsgi_opt_set_int, &options.processes, 0},
    {"http-timeout", required_argument, 0, "seconds without progress until the gateway gives up on a request (60)",
     uwsgi_opt_set_int, &options.timeout, 0},
    {"http-connect-timeout", required_argument, 0, "seconds to connect to a server of --http-to (4)",
     uwsgi_opt_set_int, &options.connect_timeout, 0},
    {"http-headers-timeout", required_argument, 0, "seconds that a client may take to send a request head (10)",
     uwsgi_opt_set_int, &options.headers_timeout, 0},
    {"http-keepalive", optional_argument, 0, "seconds that a connection may stay idle; 0: no keep-alive (65)",
     set_keepalive, nullptr, 0},
    {"http-modifier1", required_argument, 0, "modifier1 of requests that the gateway forwards (0)",
     set_modifier, &options.modifier1, 0},
    {"http-modifier2", required_argument, 0, "modifier2 of requests that the gateway forwards (0)",
     set_modifier, &options.modifier2, 0},
    {"http-socket-modifier1", required_argument, 0, "modifier1 of requests on --http-socket (0)",
     set_modifier, &options.socket_modifier1, 0},
    {"http-socket-modifier2", required_argument, 0, "modifier2 of requests on --http-socket (0)",
     set_modifier, &options.socket_modifier2, 0},
    {"http-var", required_argument, 0, "add NAME=value to the variables of each request of the gateway",
     add_variable, nullptr, 0},
    {"http-trusted-proxy", required_argument, 0,
     "believe X-Forwarded-For and X-Forwarded-Proto of this network (10.0.0.0/8, ::1, unix, *); others' are dropped",
     uwsgi_opt_add_string_list, &options.trusted_proxies, 0},
    {"http-enable-proxy-protocol", optional_argument, 0,
     "connections of the gateway begin with a PROXY protocol header, version 1 or 2",
     set_switch, &options.proxy_protocol, 0},
    {"http-health", optional_argument, 0, "the gateway answers /-/live and /-/ready",
     set_switch, &options.health, 0},
    {"http-stats", required_argument, 0, "tell the gateway's figures, as JSON, at this address",
     uwsgi_opt_add_string_list, &options.stats, 0},
    {"http-stats-server", required_argument, 0, "same as --http-stats",
     uwsgi_opt_add_string_list, &options.stats, 0},
    {"http-ss", required_argument, 0, "same as --http-stats",
     uwsgi_opt_add_string_list, &options.stats, 0},
    {"http-auto-gzip", optional_argument, 0,
     "compress responses that have the header uWSGI-Encoding: gzip, for clients that take it",
     set_switch, &options.auto_gzip, 0},
    {"http-post-buffering", required_argument, 0,
     "the gateway takes a body whole before a worker gets it: up to so many bytes in memory, the rest on disk",
     uwsgi_opt_set_int, &options.post_buffering, 0},
    {"http-post-buffering-dir", required_argument, 0, "folder of these temporary files (TMPDIR, /tmp)",
     uwsgi_opt_set_str, &options.post_buffering_dir, 0},
    {"http-response-buffering", required_argument, 0,
     "MiB of a response that wait on disk for a slow client, so that its worker is free (256; 0: none)",
     uwsgi_opt_set_int, &options.response_buffering, 0},
    {"http-auto-chunked", no_argument, 0, "responses without a length are chunked (always so)",
     accept_always_on, nullptr, 0},
    {"http-raw-body", no_argument, 0, "bodies are streamed in both directions (always so)",
     accept_always_on, nullptr, 0},
    {"http-chunked-input", no_argument, 0, "chunked request bodies are decoded (always so)",
     accept_always_on, nullptr, 0},
    {"http-manage-expect", optional_argument, 0, "100 Continue is sent when the application reads (always so)",
     accept_always_on, nullptr, 0},
    {"http-server-name-as-http-host", optional_argument, 0, "SERVER_NAME is the host that the client named (always so)",
     accept_always_on, nullptr, 0},
    {"http-websockets", no_argument, 0, "upgraded connections are passed through (always so)",
     accept_always_on, nullptr, 0},
    UWSGI_END_OF_OPTIONS
};
// clang-format on

static int prepare() {
  uwsgi.http_modifier1 = static_cast<uint64_t>(options.socket_modifier1);
  uwsgi.http_modifier2 = static_cast<uint64_t>(options.socket_modifier2);
  return prepare_gateway();
}

uwsgi_plugin http_plugin = {
    .name = "http",
    .on_load = register_protocols,
    .init = prepare,
    .post_fork = leave_gateway_to_itself,
    .options = http_options,
};
