// Writes the uwsgi packet for a request head: what the gateway sends to a worker in front of the body.
#pragma once

#include <uwsgi.h>

#include <memory>
#include <string_view>

#include "cgi_variables.h"

namespace mortise::http {

class Transport;

class PacketWriter {
 public:
  PacketWriter();

  // The packet, valid until the next call; empty when the head is too large for one (the receiver's
  // --buffer-size and
  // --max-vars count, and 16 bit lengths).
  // transport: has variables of its own; nullptr: none.
  std::string_view write(const RequestHead &head, const Endpoints &ends,
                         const Transport *transport = nullptr);

  // The sink of CgiVariables.
  bool add(std::string_view name, std::string_view value);
  char *allocate(size_t size);

 private:
  bool add_configured();

  static constexpr size_t kHeaderBytes = 4;
  static constexpr size_t kMaxPacketBytes = kHeaderBytes + UINT16_MAX;
  // Renamed headers, a decoded path, joined values: each is at most as large as the head and its separators.
  static constexpr size_t kScratchBytes = 4 * UINT16_MAX;

  std::unique_ptr<char[]> packet_;
  std::unique_ptr<char[]> scratch_;
  size_t used_ = 0;
  size_t scratch_used_ = 0;
  size_t limit_;
  size_t max_variable_bytes_;
  int variables_ = 0;
};

}  // namespace mortise::http
