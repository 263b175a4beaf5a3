// The hook table and the options, which are the same for each of the four chains.
#include <uwsgi.h>

#include "action.h"
#include "registry.h"
#include "route_options.h"

namespace mortise::routing {
namespace {

#define SUBJECT(name) const_cast<char *>(name)
#define ROUTE(option, help, subject) \
  { option, required_argument, 0, help, uwsgi_opt_add_route, SUBJECT(subject), 0 }
#define CHAIN(prefix, when)                                                                            \
  ROUTE(prefix "route", when ", where the path matches: PATTERN ACTION:ARGS", "path_info"),            \
      ROUTE(prefix "route-host", when ", where the Host matches", "http_host"),                        \
      ROUTE(prefix "route-uri", when ", where the URI as it was sent matches", "request_uri"),         \
      ROUTE(prefix "route-qs", when ", where the query string matches", "query_string"),               \
      ROUTE(prefix "route-remote-addr", when ", where the client's address matches", "remote_addr"),   \
      ROUTE(prefix "route-user-agent", when ", where the User-Agent matches", "user_agent"),           \
      ROUTE(prefix "route-referer", when ", where the Referer matches", "referer"),                    \
      ROUTE(prefix "route-remote-user", when ", where the authenticated user matches", "remote_user"), \
      ROUTE(prefix "route-status", when ", where the response has this status", "status"),             \
      ROUTE(prefix "route-if", when ", where a condition holds: CONDITION:ARGS ACTION:ARGS", "if"),    \
      ROUTE(prefix "route-if-not", when ", where a condition does not hold", "if-not"),                \
      ROUTE(prefix "route-run", when ", always: ACTION:ARGS", "run"),                                  \
      ROUTE(prefix "route-label", "a place that goto jumps to", "label")

int list_actions;

uwsgi_option options[] = {CHAIN("", "act on a request"), CHAIN("error-", "act on a response of 400 or above"),
                          CHAIN("response-", "act before the head of a response is sent"),
                          CHAIN("final-", "act after the response"), UWSGI_END_OF_OPTIONS};

void on_load() {
  register_flow_actions();
  register_request_actions();
  register_response_actions();
  register_server_actions();
  register_redirects();
  register_basicauth();
  register_expires();
  register_hash();
  register_access();
  register_conditions();
  register_variables();
}

int init() {
  set_up_routes();
  if (list_actions) uwsgi_log("actions of routes: %s\n", router_names().c_str());
  return 0;
}

}  // namespace
}  // namespace mortise::routing

uwsgi_plugin routing_plugin = {
    .name = "routing",
    .on_load = mortise::routing::on_load,
    .init = mortise::routing::init,
    .options = mortise::routing::options,
};
