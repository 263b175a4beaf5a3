// Actions that decide how it goes on: with the next route, at a label, with the application, or not at all.
#include <cstring>

#include "action.h"
#include "chain.h"

namespace mortise::routing {

namespace {

int go_on_with_application(wsgi_request *, uwsgi_route *) {
  return UWSGI_ROUTE_CONTINUE;
}

// "403", "403 Forbidden", or nothing: then the connection is closed without an answer.
int end_here(wsgi_request *request, uwsgi_route *route) {
  Arguments status(request, route);
  if (!status.view().empty()) answer(request, status.view(), {}, {});
  return UWSGI_ROUTE_BREAK;
}

int end_with_reason(wsgi_request *request, uwsgi_route *route) {
  Arguments status(request, route);
  std::string_view line = status.view().empty() ? "200 OK" : status.view();
  uint16_t len = 0;
  const char *reason = line.size() > 4 ? line.data() + 4 : http_status_code(line.data(), &len);
  if (line.size() > 4) len = static_cast<uint16_t>(line.size() - 4);
  answer(request, line, "text/plain", {reason ? reason : "", reason ? len : 0u});
  return UWSGI_ROUTE_BREAK;
}

// The position of a label, or of a number, behind the route; 0: there is none. Only forward, so that no
// request goes round in circles.
uint32_t target_of(Chain chain, const uwsgi_route *route, std::string_view label) {
  uint32_t target = position_of_label(chain, label);
  if (target == 0)
    target = static_cast<uint32_t>(uwsgi_str_num(label.data(), static_cast<uint16_t>(label.size()))) + 1;
  return target > route->pos + 1 ? target : 0;
}

int jump(wsgi_request *request, uwsgi_route *route) {
  Arguments label(request, route);
  const Chain chain = current_chain(request);
  request->route_goto = target_of(chain, route, label.view());
  if (request->route_goto) return UWSGI_ROUTE_NEXT;
  uwsgi_log("goto:%.*s: there is no such label further on (the request ends here)\n", label.size16(),
            label.c_str());
  if (chain == Chain::kRequest || chain == Chain::kError) answer(request, "500", {}, {});
  return UWSGI_ROUTE_BREAK;
}

constexpr Action kActions[] = {
    {"continue", plain<go_on_with_application>},
    {"last", plain<go_on_with_application>},
    {"break", plain<end_here>},
    {"break-with-status", plain<end_here>},
    {"return", plain<end_with_reason>},
    {"goto", plain<jump>},
};

}  // namespace

bool jumps_nowhere(Chain chain, const uwsgi_route *route) {
  const std::string_view action = route->action, label = route->args;
  return action == "goto" && label.find('$') == label.npos && target_of(chain, route, label) == 0;
}

void answer(wsgi_request *request, std::string_view status, std::string_view content_type,
            std::string_view body) {
  char line[64];
  const bool bare = status.size() == 3;  // "403": its reason is looked up
  uint16_t reason_len = 0;
  const char *reason = bare ? http_status_code(status.data(), &reason_len) : nullptr;
  if (reason && reason_len + 5u < sizeof line) {
    size_t len = status.copy(line, 3);
    line[len++] = ' ';
    memcpy(line + len, reason, reason_len);
    status = {line, len + reason_len};
  }
  if (uwsgi_response_prepare_headers(request, status.data(), static_cast<uint16_t>(status.size()))) return;
  if (!content_type.empty() && uwsgi_response_add_content_type(request, content_type.data(),
                                                               static_cast<uint16_t>(content_type.size())))
    return;
  const bool no_content = status.starts_with("204") || status.starts_with("304") || status[0] == '1';
  if (!no_content && uwsgi_response_add_content_length(request, body.size())) return;
  uwsgi_response_write_body_do(request, body.data(), body.size());
}

void register_flow_actions() {
  register_actions(kActions);
}

}  // namespace mortise::routing
