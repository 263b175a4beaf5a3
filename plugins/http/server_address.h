// Addresses of servers that the gateway connects to, as operators write them: host:port, /path, @abstract.
#pragma once

#include <string>
#include <string_view>

namespace mortise::http {

// Why nothing can be reached there, with what to write; empty: it is an address. A host's name is not looked
// up.
std::string why_no_server_address(std::string_view text);

}  // namespace mortise::http
