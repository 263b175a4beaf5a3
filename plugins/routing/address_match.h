// Whether an address lies in a network (RFC 4632, RFC 4291 §2.3). Pure.
#pragma once

#include <string_view>

namespace mortise::routing {

// network: "10.0.0.0/8", "fe80::/10", or one address. False where either is not an address of this family.
bool address_in(int family, std::string_view address, std::string_view network);

}  // namespace mortise::routing
