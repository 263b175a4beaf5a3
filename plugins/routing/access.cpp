// access:action=allow|deny,addr=…: by the client's address. addr is a list with ';': networks, addresses, or
// text with * as its end.
#include <arpa/inet.h>

#include <vector>

#include "action.h"
#include "address_match.h"
#include "key_values.h"

namespace mortise::routing {

namespace {

struct Rule {
  Value action, address, daemon;
  bool allow = false;
  std::vector<std::string_view> networks;
};

bool covers(std::string_view network, std::string_view address) {
  if (network.ends_with('*')) return address.starts_with(network.substr(0, network.size() - 1));
  return address_in(AF_INET, address, network) || address_in(AF_INET6, address, network);
}

int decide(wsgi_request *request, uwsgi_route *route) {
  const auto &rule = *static_cast<const Rule *>(route->data2);
  const std::string_view address(request->remote_addr, request->remote_addr_len);
  bool listed = false;
  for (std::string_view network : rule.networks) listed |= covers(network, address);
  if (listed == rule.allow) return UWSGI_ROUTE_NEXT;
  answer(request, "403 Forbidden", "text/plain", "Forbidden");
  return UWSGI_ROUTE_BREAK;
}

int set_up(uwsgi_route *route, char *args) {
  auto *rule = new Rule;
  route->data2 = rule;
  keep_args(route, args, decide);
  if (parse_key_values(route, args, "action", &rule->action.text, "addr", &rule->address.text, "daemon",
                       &rule->daemon.text))
    return -1;
  rule->allow = rule->action.view() == "allow";
  if (!rule->allow && rule->action.view() != "deny")
    return refuse_arguments(route, "action is allow or deny");
  for (std::string_view rest = rule->address.view(); !rest.empty();) {
    const size_t end = rest.find(';');
    if (end != 0) rule->networks.push_back(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return rule->networks.empty() ? refuse_arguments(route, "it needs addr, a list of addresses") : 0;
}

constexpr Action kActions[] = {{"access", set_up}};

}  // namespace

void register_access() {
  register_actions(kActions);
}

}  // namespace mortise::routing
