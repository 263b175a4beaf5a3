// What stands between a client's socket and HTTP, where something does: a connection of a plugin's transport
// (mortise/http_gateway.h).
#pragma once

#include <mortise/http_gateway.h>
#include <uwsgi.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::http {

class Client;
class PacketWriter;

// The transport of one listener; no calls: none.
struct TransportKind {
  const uwsgi_http_transport *calls = nullptr;
  void *data = nullptr;
};

// An address that a plugin asked for, before there is a gateway.
struct WantedListener {
  std::string address;
  TransportKind transport;
};
std::vector<WantedListener> &wanted_listeners();

class Transport {
 public:
  Transport(const TransportKind &kind, Client &client);
  Transport(const Transport &) = delete;
  Transport &operator=(const Transport &) = delete;
  ~Transport();

  bool is_open() const { return connection_ != nullptr; }
  // UWSGI_HTTP_…
  int received(std::string_view bytes) { return calls_.received(connection_, bytes.data(), bytes.size()); }
  bool write(std::span<const std::string_view> parts);
  void end() { calls_.end(connection_); }
  // False: there was no room in the packet.
  bool add_variables(PacketWriter &packet) const;

 private:
  const uwsgi_http_transport &calls_;
  void *const connection_;
};

}  // namespace mortise::http
