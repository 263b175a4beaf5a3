// A cache of another server, asked over the uwsgi protocol: modifier 111, its sub-protocol 17 (pairs, then a
// value).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::caches {

struct RemoteRequest {
  std::string_view command;  // get, set, update, inc, dec, mul, div, del, exists, clear
  std::string_view key;
  std::string_view value = {};
  uint64_t expires = 0;
  std::string_view cache = {};  // "": the other server's first one
};
struct RemoteAnswer {
  std::string value;
  uint64_t expires = 0;
};

// Connects, asks, waits for at most socket-timeout seconds. Nothing where the server says no or does not
// answer.
std::optional<RemoteAnswer> ask(const std::string &address, const RemoteRequest &);

// The whole memory of a cache of the server at this address, for a start with what it has; of another size:
// nothing.
std::optional<std::string> fetch_dump(const std::string &address, std::string_view cache, uint64_t bytes);

}  // namespace mortise::caches
