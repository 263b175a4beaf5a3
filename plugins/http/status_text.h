// Status lines of the answers that the gateway gives itself (RFC 9110 §15, RFC 6585).
#pragma once

#include <string_view>

namespace mortise::http {

// "404 Not Found"; a class' general meaning for a status that is not listed.
std::string_view status_text(int status);

}  // namespace mortise::http
