#include "http_protocol.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "cgi_variables.h"
#include "head_limits.h"
#include "listener_options.h"
#include "options.h"
#include "request_body.h"
#include "response_framing.h"
#include "trusted_proxies.h"

namespace mortise::http {

namespace {

// Variables go where the request keeps them; the views of a head live as long as the request's input.
struct RequestSink {
  wsgi_request *request;
  bool add(std::string_view name, std::string_view value) {
    return uwsgi_req_add_var(request, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                             static_cast<uint16_t>(value.size())) == 0;
  }
  char *allocate(size_t size) { return uwsgi_req_alloc(request, size); }
};

int refuse(wsgi_request *request, int status, const char *reason) {
  request->status = status;
  request->refusal = reason;
  return -1;
}

// What follows "host:" in the name of a listening socket; CGI wants a port also where there is none.
std::string_view port_of(const uwsgi_socket *socket) {
  std::string_view name(socket->name, static_cast<size_t>(socket->name_len));
  size_t colon = name.rfind(':');
  return socket->family == AF_UNIX || colon == name.npos ? "80" : name.substr(colon + 1);
}

// A worker that rests is not to be found at the other end of a connection that was kept.
bool rests() {
  return uwsgi.workers && uwsgi.workers[uwsgi.mywid].suspended;
}

int parse_http(wsgi_request *request) {
  thread_local RequestHead head;
  const HeadLimits limits = head_limits();
  ParseResult result = parse_request_head({request->proto_parser_buf, request->proto_parser_pos}, limits,
                                          head, request->proto_parser_hint);
  if (result.verdict == Verdict::kNeedMore) return UWSGI_AGAIN;
  if (result.verdict == Verdict::kRefused) {
    request->method = const_cast<char *>(head.method.data());  // the refusal of a HEAD has no body
    request->method_len = static_cast<uint16_t>(head.method.size());
    return refuse(request, result.status, result.reason);
  }
  constexpr size_t kPortBytes = 5;
  char *port = uwsgi_req_alloc(request, kPortBytes);
  const char *port_end = port ? std::to_chars(port, port + kPortBytes, request->peer_port).ptr : nullptr;
  Endpoints ends = {{request->peer_addr, request->peer_addr_len},
                    {port, static_cast<size_t>(port_end - port)},
                    {uwsgi.hostname, static_cast<size_t>(uwsgi.hostname_len)},
                    port_of(request->socket)};
  apply_proxy_claims(head, ends);
  RequestSink sink{request};
  if (!port || !CgiVariables(sink, head, limits.max_variable_bytes).write(ends))
    return refuse(request, status_of_too_many_variable_bytes(head, limits), kTooManyVariableBytes);
  if (head.chunked) {  // what is there already is judged now: the application might not read it
    std::string_view body(request->proto_parser_buf, request->proto_parser_pos);
    if (const char *reason = chunk_error(body.substr(result.consumed))) return refuse(request, 400, reason);
  }

  request->uh->modifier1 = static_cast<uint8_t>(options.socket_modifier1);
  request->uh->modifier2 = static_cast<uint8_t>(options.socket_modifier2);
  request->http_minor = head.minor;
  request->keep_alive = head.keep_alive && options.keepalive > 0 && !rests();
  request->expect_continue = head.expect_continue;
  request->body_is_chunked = head.chunked;
  request->post_cl = head.content_length;
  request->proto_parser_move = result.consumed;
  request->parsed = 1;
  return UWSGI_OK;
}

// The gateway has parsed and checked the client's head; what frames body and response comes as variables.
int parse_packet(wsgi_request *request) {
  int result = uwsgi_proto_uwsgi_parser(request);
  if (result != UWSGI_OK) return result;
  auto value_of = [request](std::string_view name) -> std::string_view {
    uint16_t len = 0;
    const char *value = uwsgi_get_var(request, name.data(), static_cast<uint16_t>(name.size()), &len);
    return value ? std::string_view(value, len) : std::string_view();
  };
  request->http_minor = std::string_view(request->protocol, request->protocol_len) == "HTTP/1.0" ? 0 : 1;
  request->keep_alive = !rests();
  request->body_is_chunked = !value_of("HTTP_TRANSFER_ENCODING").empty();
  request->expect_continue = request->http_minor >= 1 && (request->post_cl > 0 || request->body_is_chunked) &&
                             value_of("HTTP_EXPECT").find_first_not_of(", \t") != std::string_view::npos;
  return UWSGI_OK;
}

void set_up(uwsgi_socket *socket) {
  socket->proto_read_body = read_body;
  socket->proto_frame = frame_chunk;
  socket->proto_finish = finish_response;
}

}  // namespace

void register_protocols() {
  uwsgi_register_protocol("http", [](uwsgi_socket *socket) {
    set_up(socket);
    socket->proto = parse_http;
    socket->proto_fix_headers = complete_head;
    socket->header_timeout = options.headers_timeout;
    socket->idle_timeout = options.keepalive;
    if (socket->family == AF_UNIX) return;
    accept_with_first_bytes(socket->fd);
    do_not_pace_loopback(socket->fd);
  });
  // Its peer is our own process: it decides how long connections live.
  uwsgi_register_protocol(kGatewayProtocol, [](uwsgi_socket *socket) {
    set_up(socket);
    socket->proto = parse_packet;
    socket->proto_fix_headers = complete_head_for_gateway;
  });
}

}  // namespace mortise::http
