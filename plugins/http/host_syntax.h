// The syntax of uri-host [ ":" port ] (RFC 3986 §3.2.2, RFC 9110 §7.2). Resolves nothing.
#pragma once

#include <string_view>

namespace mortise::http {

// A registered name, IPv4 or bracketed IPv6 address, with an optional port up to 65535. The name may be empty
// only with nothing after it: whether an empty host may stand is the caller's to say. User information is
// refused.
bool is_host_and_port(std::string_view text);

}  // namespace mortise::http
