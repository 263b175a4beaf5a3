// Changes of a cache as datagrams: sent to its `nodes`, received by its `udp` servers, so that several
// servers keep the same items. Nothing is repeated: a lost datagram is a lost change.
#pragma once

#include <string_view>

#include "cache.h"

namespace mortise::caches {

// With the lock held. [any]
void send_update(const uwsgi_cache *, std::string_view key, std::string_view value, uint64_t expires);
void send_removal(const uwsgi_cache *, std::string_view key);

// One datagram of a node, applied without telling others: 0, or -1 where it is malformed. [takes the lock]
int apply_update(uwsgi_cache *, std::string_view datagram);

// Binds the sockets of all caches and registers the process that reads from them: 0, or -1 and the log says
// why. [init]
int start_udp_servers();

}  // namespace mortise::caches
