// The bytes between OpenSSL and a socket. Every call into OpenSSL uses up what came and gathers what is to be
// sent, so that one pair of buffers serves all connections and an idle one holds none.
#pragma once

#include <openssl/bio.h>

#include <string>
#include <string_view>

namespace mortise::https {

struct Wire {
  std::string_view incoming;  // that OpenSSL has not taken yet
  std::string outgoing;       // that was not sent yet
};

// Of this process, which has one thread.
Wire &wire();

// What OpenSSL reads and writes the wire through; nullptr: no memory.
BIO *new_wire_bio();

}  // namespace mortise::https
