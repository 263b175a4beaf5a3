#include "transport.h"

#include <cassert>

#include "client.h"
#include "packet_writer.h"

namespace mortise::http {

namespace {

// What a plugin knows as struct uwsgi_http_client is a Client.
uwsgi_http_client *handle_of(Client &client) {
  return reinterpret_cast<uwsgi_http_client *>(&client);
}

Client &client_of(uwsgi_http_client *handle) {
  return *reinterpret_cast<Client *>(handle);
}

}  // namespace

std::vector<WantedListener> &wanted_listeners() {
  static std::vector<WantedListener> wanted;
  return wanted;
}

Transport::Transport(const TransportKind &kind, Client &client)
    : calls_(*kind.calls), connection_(calls_.open(kind.data, handle_of(client))) {}

Transport::~Transport() {
  if (connection_) calls_.close(connection_);
}

bool Transport::write(std::span<const std::string_view> parts) {
  iovec pieces[Stream::kMaxParts];
  size_t count = 0;
  assert(parts.size() <= Stream::kMaxParts);
  for (std::string_view part : parts)
    if (!part.empty()) pieces[count++] = {const_cast<char *>(part.data()), part.size()};
  return count == 0 || calls_.write(connection_, pieces, count) == 0;
}

bool Transport::add_variables(PacketWriter &packet) const {
  auto add = [](void *sink, const char *name, uint16_t name_len, const char *value, uint16_t value_len) {
    return static_cast<PacketWriter *>(sink)->add({name, name_len}, {value, value_len}) ? 0 : -1;
  };
  return calls_.variables(connection_, add, &packet) == 0;
}

}  // namespace mortise::http

using namespace mortise::http;

extern "C" {

void uwsgi_http_listen(const char *address, const uwsgi_http_transport *transport, void *data) {
  wanted_listeners().push_back({address, {transport, data}});
}

int uwsgi_http_client_send(uwsgi_http_client *client, const char *bytes, size_t len) {
  return client_of(client).send_raw({bytes, len}) ? 0 : -1;
}

int uwsgi_http_client_deliver(uwsgi_http_client *client, char *bytes, size_t len) {
  client_of(client).take({bytes, len});
  return client_of(client).is_closed() ? -1 : 0;
}

void uwsgi_http_client_ended(uwsgi_http_client *client) {
  client_of(client).end_of_http();
}

}  // extern "C"
