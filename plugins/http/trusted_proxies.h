// Whose X-Forwarded-For is believed: networks of --http-trusted-proxy. A pure look-up.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "cgi_variables.h"

namespace mortise::http {

class TrustedProxies {
 public:
  // "10.0.0.0/8", "::1", "unix" (clients of UNIX sockets), "*". False: it is none of these.
  bool add(std::string_view network);
  bool empty() const { return networks_.empty() && !all_ && !local_; }
  // address: as inet_ntop() writes it, empty for a local client.
  bool contains(std::string_view address) const;
  // Who sent a request: the peer, or the last of its X-Forwarded-For that is no proxy of ours.
  std::string_view client_of(std::string_view peer, std::string_view forwarded_for) const;

 private:
  struct Network {
    in6_addr address;  // IPv4 as ::ffff:a.b.c.d
    unsigned bits;
  };
  std::vector<Network> networks_;
  bool all_ = false, local_ = false;
};

// Those of the configuration; ends the server with a message where one is no network. [master]
void read_trusted_proxies();

// Puts the client that proxies speak for in the place of the peer, where these are believed. [any process]
void apply_proxy_claims(const RequestHead &head, Endpoints &ends);

}  // namespace mortise::http
