// The hook table, the options, and the protocol SCGI on listeners of workers. Each connection has one
// request; its answer ends with the connection.
#include <uwsgi.h>

#include "head.h"

namespace mortise::scgi {

namespace {

int modifier1 = 0, modifier2 = 0;
char with_status[] = "scgi", nph[] = "scgi-nph";

int refuse(wsgi_request *request, int status, const char *reason) {
  request->status = status;
  request->refusal = reason;
  return -1;
}

int parse(wsgi_request *request) {
  const Block block = find_block({request->proto_parser_buf, request->proto_parser_pos},
                                 static_cast<size_t>(uwsgi.buffer_size));
  if (block.verdict == Verdict::kMore) return UWSGI_AGAIN;
  if (block.verdict == Verdict::kTooLarge) return refuse(request, 431, "SCGI head larger than --buffer-size");
  if (block.verdict == Verdict::kMalformed) return refuse(request, 400, "malformed SCGI head");
  bool too_many = false;
  const bool good = for_each_pair(block.pairs, [&](std::string_view name, std::string_view value) {
    too_many = name.size() > UINT16_MAX || value.size() > UINT16_MAX ||
               uwsgi_req_add_var(request, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                                 static_cast<uint16_t>(value.size())) != 0;
    return !too_many;
  });
  if (too_many) return refuse(request, 431, "more variables than --max-vars, or too long ones");
  if (!good) return refuse(request, 400, "malformed SCGI head");
  request->uh->modifier1 = static_cast<uint8_t>(modifier1);
  request->uh->modifier2 = static_cast<uint8_t>(modifier2);
  request->proto_parser_move = block.used;
  request->parsed = 1;
  return UWSGI_OK;
}

uwsgi_buffer *status_field(wsgi_request *, char *status, uint16_t len) {
  uwsgi_buffer *line = uwsgi_buffer_new(len + size_t{10});
  if (uwsgi_buffer_append(line, "Status: ", 8) || uwsgi_buffer_append(line, status, len) ||
      uwsgi_buffer_append(line, "\r\n", 2))
    return uwsgi_buffer_destroy(line), nullptr;
  return line;
}

void set_up(uwsgi_socket *socket) {
  socket->proto = parse;
  socket->header_timeout = uwsgi.socket_timeout;
}

void set_up_with_status(uwsgi_socket *socket) {
  set_up(socket);
  socket->proto_prepare_headers = status_field;
}

void on_load() {
  uwsgi_register_protocol(with_status, set_up_with_status);
  uwsgi_register_protocol(nph, set_up);
}

void add_socket(char *, char *address, void *protocol) {
  uwsgi_new_socket(address)->proto_name = static_cast<char *>(protocol);
}

uwsgi_option option_rows[] = {
    {"scgi-socket", required_argument, 0, "listen for SCGI", add_socket, with_status, 0},
    {"scgi-nph-socket", required_argument, 0, "same, and answer with the status line of HTTP", add_socket,
     nph, 0},
    {"scgi-modifier1", required_argument, 0, "modifier1 of its requests (0)", uwsgi_opt_set_int, &modifier1,
     0},
    {"scgi-modifier2", required_argument, 0, "modifier2 of its requests (0)", uwsgi_opt_set_int, &modifier2,
     0},
    UWSGI_END_OF_OPTIONS};

}  // namespace

}  // namespace mortise::scgi

uwsgi_plugin scgi_plugin = {
    .name = "scgi",
    .on_load = mortise::scgi::on_load,
    .options = mortise::scgi::option_rows,
};
