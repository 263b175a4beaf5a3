#include "tunnel.h"

#include <dlfcn.h>
#include <poll.h>

#include <string_view>

namespace {

constexpr size_t kPiece = size_t{32} * 1024;

// Neither framed nor completed by the protocol: what follows is not HTTP.
int send_head(wsgi_request *request) {
  constexpr std::string_view kHead = "HTTP/1.1 200 Connection established\r\n\r\n";
  request->headers_sent = 1;
  request->keep_alive = 0;
  request->status = 200;
  return uwsgi_response_write_body_do(request, kHead.data(), kHead.size());
}

int offload(wsgi_request *request, char *address, uwsgi_buffer *packet) {
  using Relay = int (*)(wsgi_request *, char *, uwsgi_buffer *);
  static const auto relay = reinterpret_cast<Relay>(dlsym(RTLD_DEFAULT, "uwsgi_offload_request_net_do"));
  if (!relay || !request->socket->can_offload) return -1;
  if (uwsgi_buffer_append(packet, request->proto_parser_remains_buf, request->proto_parser_remains))
    return -1;
  return relay(request, address, packet);
}

// False: this direction has ended.
bool client_to_server(wsgi_request *request, int server) {
  char piece[kPiece];
  const ssize_t got = uwsgi_req_raw_read(request, piece, sizeof piece);
  if (got < 0) return uwsgi_is_again();
  return got > 0 && uwsgi_write_nb(server, piece, static_cast<size_t>(got), uwsgi.socket_timeout) == 0;
}
bool server_to_client(wsgi_request *request, int server) {
  char piece[kPiece];
  const ssize_t got = read(server, piece, sizeof piece);
  if (got < 0) return uwsgi_is_again();
  return got > 0 && uwsgi_response_write_body_do(request, piece, static_cast<size_t>(got)) == 0;
}

void relay_on_core(wsgi_request *request, int server) {
  if (request->proto_parser_remains > 0 && !client_to_server(request, server)) return;
  for (;;) {
    pollfd both[] = {{request->fd, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(both, 2, uwsgi.socket_timeout * 1000) <= 0) return;
    if (both[0].revents && !client_to_server(request, server)) return;
    if (both[1].revents && !server_to_client(request, server)) return;
  }
}

}  // namespace

int tunnel(wsgi_request *request, char *address, uwsgi_buffer *packet, bool may_offload) {
  const bool threads = may_offload && request->socket->can_offload;
  const int server = threads ? -1 : uwsgi_connect(address, uwsgi.socket_timeout, 0);
  if (!threads && server < 0) {
    constexpr std::string_view kStatus = "502 Bad Gateway";
    if (uwsgi_response_prepare_headers(request, kStatus.data(), kStatus.size()) == 0)
      uwsgi_response_add_content_length(request, 0);
    return 1;
  }
  int result = 1;
  if (send_head(request) == 0) {
    if (threads)
      result = offload(request, address, packet) == 0 ? 0 : 1;
    else
      uwsgi_socket_nb(server), relay_on_core(request, server);
  }
  if (server >= 0) close(server);
  return result;
}
