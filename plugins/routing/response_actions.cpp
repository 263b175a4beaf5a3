// Actions that change the response: its headers, or bytes sent as they are.
#include <cstring>

#include "action.h"

namespace mortise::routing {

namespace {

// "Name: value", added to whatever is answered.
int add_header(wsgi_request *request, uwsgi_route *route) {
  Arguments line(request, route);
  if (uwsgi_additional_header_add(request, const_cast<char *>(line.c_str()), line.size16()) == 0)
    return UWSGI_ROUTE_NEXT;
  uwsgi_log("addheader:%s: it would not be a header of one line for this request (it is left out)\n",
            route->args);
  return UWSGI_ROUTE_NEXT;
}

int set_up_header(uwsgi_route *route, char *args) {
  if (!strchr(args, ':')) {
    uwsgi_log("addheader:%s: it is written Name: value\n", args);
    return -1;
  }
  return keep_args(route, args, add_header);
}

int remove_header(wsgi_request *request, uwsgi_route *route) {
  Arguments name(request, route);
  uwsgi_remove_header(request, const_cast<char *>(name.c_str()), name.size16());
  return UWSGI_ROUTE_NEXT;
}

// Begins the head anew, with the same status or the given one.
int clear_headers(wsgi_request *request, uwsgi_route *route) {
  Arguments status(request, route);
  if (request->headers_sent) return UWSGI_ROUTE_NEXT;
  const int result =
      status.view().empty()
          ? uwsgi_response_prepare_headers_int(request, request->status ? request->status : 200)
          : uwsgi_response_prepare_headers(request, status.c_str(), status.size16());
  return result ? UWSGI_ROUTE_BREAK : UWSGI_ROUTE_NEXT;
}

// What follows is sent without a head: the routes write one themselves, or there is none.
int disable_headers(wsgi_request *request, uwsgi_route *) {
  request->headers_sent = 1;
  request->keep_alive = 0;
  return UWSGI_ROUTE_NEXT;
}

int send(wsgi_request *request, std::string_view text) {
  return uwsgi_response_write_body_do(request, text.data(), text.size()) ? UWSGI_ROUTE_BREAK
                                                                         : UWSGI_ROUTE_NEXT;
}

int send_text(wsgi_request *request, uwsgi_route *route) {
  Arguments text(request, route);
  return send(request, text.view());
}

int send_line(wsgi_request *request, uwsgi_route *route) {
  Arguments text(request, route);
  const int result = send(request, text.view());
  return result == UWSGI_ROUTE_NEXT ? send(request, "\r\n") : result;
}

constexpr Action kActions[] = {
    {"addheader", set_up_header},
    {"delheader", plain<remove_header>},
    {"remheader", plain<remove_header>},
    {"clearheaders", plain<clear_headers>},
    {"resetheaders", plain<clear_headers>},
    {"disableheaders", plain<disable_headers>},
    {"send", plain<send_text>},
    {"send-crnl", plain<send_line>},
};

}  // namespace

void register_response_actions() {
  register_actions(kActions);
}

}  // namespace mortise::routing
