#include "chain.h"

#include <atomic>
#include <utility>

#include "text_template.h"

namespace mortise::routing {

namespace {

// Whether the route is to act on this request.
bool applies(wsgi_request *request, uwsgi_route *route) {
  if (route->if_func) return (route->if_func(request, route) > 0) != (route->if_negate != 0);
  if (route->if_status) return route->if_status == request->status;
  if (!route->pattern) return true;
  const std::string_view subject = subject_of(request, route);
  const int core = request->async_id;
  return uwsgi_regexp_match_ovec(route->pattern, subject.data(), static_cast<int>(subject.size()),
                                 route->ovector[core], route->ovn[core]) >= 0;
}

// A jump forward has been asked for by setting route_goto to a position behind pc.
int walk(wsgi_request *request, uwsgi_route *route, uint32_t &pc) {
  pc = 0;
  request->route_goto = 0;
  for (; route; route = route->next) {
    ++pc;
    if (request->route_goto > pc) continue;
    request->route_goto = 0;
    if (!route->func || !applies(request, route)) continue;
    const int result = route->func(request, route);
    if (result == UWSGI_ROUTE_NEXT) continue;
    return result == UWSGI_ROUTE_CONTINUE ? UWSGI_ROUTE_CONTINUE : UWSGI_ROUTE_BREAK;
  }
  return UWSGI_ROUTE_CONTINUE;
}

// Once at a time: an action may call functions that come here again.
int run(wsgi_request *request, uwsgi_route *route, int &running, uint32_t &pc) {
  if (!route || running) return UWSGI_ROUTE_CONTINUE;
  running = 1;
  int result = UWSGI_ROUTE_BREAK;
  try {
    result = walk(request, route, pc);
  } catch (...) {
    uwsgi_log("route %u: its action threw an exception (the request ends here)\n", pc);
  }
  running = 0;
  return result;
}

// The application learns that a route has answered in its place when its own head is refused; this answer
// must be complete by then, and what the application goes on to write must not follow it.
void complete_answer(wsgi_request *request) {
  if (request->transformations && uwsgi.transform_final) uwsgi.transform_final(request);
  if (!request->headers_sent && request->headers->pos > 0) uwsgi_response_write_headers_do(request);
  if (request->chunked && !request->response_ended && !request->body_less && request->socket->proto_frame) {
    char end[UWSGI_FRAME_MAX], none[UWSGI_FRAME_MAX];
    size_t len = 0, none_len = 0;
    if (request->socket->proto_frame(request, 0, end, &len, none, &none_len) == 0 &&
        uwsgi_response_wait_sent(request) == 0)
      uwsgi_write_nb(request->fd, end, len, uwsgi.socket_timeout);
    request->response_ended = 1;
  }
  if (request->headers_sent) request->body_less = 1;
}

}  // namespace

uwsgi_route **first_of(Chain chain) {
  switch (chain) {
    case Chain::kError:
      return &uwsgi.error_routes;
    case Chain::kResponse:
      return &uwsgi.response_routes;
    case Chain::kFinal:
      return &uwsgi.final_routes;
    case Chain::kRequest:
      break;
  }
  return &uwsgi.routes;
}

uint32_t position_of_label(Chain chain, std::string_view label) {
  uint32_t position = 0;
  for (const uwsgi_route *route = *first_of(chain); route; route = route->next) {
    ++position;
    if (route->label && label == std::string_view(route->label, route->label_len)) return position;
  }
  return 0;
}

// The innermost one: error and response routes may run while a request route is acting.
Chain current_chain(const wsgi_request *request) {
  if (request->is_final_routing) return Chain::kFinal;
  if (request->is_response_routing) return Chain::kResponse;
  if (request->is_error_routing) return Chain::kError;
  return Chain::kRequest;
}

// Each once: others may have put themselves before ours since then.
void enable_chains() {
  static bool request, error, response, final;
  if (uwsgi.routes && !std::exchange(request, true)) uwsgi.route = uwsgi_apply_routes;
  if (uwsgi.error_routes && !std::exchange(error, true)) uwsgi.error_route = uwsgi_apply_error_routes;
  if (uwsgi.response_routes && !std::exchange(response, true))
    uwsgi.response_route = uwsgi_apply_response_routes;
  if (uwsgi.final_routes && !std::exchange(final, true)) uwsgi.final_route = uwsgi_apply_final_routes;
}

}  // namespace mortise::routing

using namespace mortise::routing;

extern "C" {

int uwsgi_apply_routes(wsgi_request *request) {
  const int result = run(request, uwsgi.routes, request->is_routing, request->route_pc);
  if (result == UWSGI_ROUTE_BREAK && uwsgi.workers && uwsgi.workers[uwsgi.mywid].cores)
    std::atomic_ref<uint64_t>(uwsgi.workers[uwsgi.mywid].cores[request->async_id].routed_requests)
        .fetch_add(1, std::memory_order_relaxed);
  return result;
}

int uwsgi_apply_error_routes(wsgi_request *request) {
  const int result = run(request, uwsgi.error_routes, request->is_error_routing, request->error_route_pc);
  if (result == UWSGI_ROUTE_BREAK) complete_answer(request);
  return result;
}

int uwsgi_apply_response_routes(wsgi_request *request) {
  return run(request, uwsgi.response_routes, request->is_response_routing, request->response_route_pc);
}

void uwsgi_apply_final_routes(wsgi_request *request) {
  run(request, uwsgi.final_routes, request->is_final_routing, request->final_route_pc);
}

}  // extern "C"
