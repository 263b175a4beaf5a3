// The Date header line of responses (RFC 9110 §6.6.1), made once a second.
#pragma once

#include <string_view>

namespace mortise::http {

// "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"; valid until the calling thread's next call. [any thread]
std::string_view date_line();

}  // namespace mortise::http
