// The PROXY protocol, versions 1 and 2: what a load balancer says of the client in front of the first
// request. A pure function over bytes.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string_view>

#include "parse_result.h"

namespace mortise::http {

struct ProxyHeader {
  char address[INET6_ADDRSTRLEN] = "";  // empty: the balancer speaks for itself, or does not know
  uint16_t port = 0;
  bool tls = false;  // the client came over TLS (version 2 only)
};

// Parses the header at the start of bytes. A connection without one is refused, never guessed to be plain
// HTTP: who reaches the port without the balancer could claim any address.
ParseResult parse_proxy_header(std::string_view bytes, ProxyHeader &header);

}  // namespace mortise::http
