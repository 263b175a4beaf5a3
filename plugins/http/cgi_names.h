// Header names as CGI variables (RFC 3875 §4.1.18): "Accept-Language" is HTTP_ACCEPT_LANGUAGE.
// Names that would spoof another or configure a library are dropped: those with '_', and "Proxy".
#pragma once

#include <span>
#include <string_view>

#include "header_field.h"

namespace mortise::http {

constexpr size_t kCgiPrefixBytes = 5;  // "HTTP_"

// Known names are static, at the same address each time (callers may cache by it); others are written to
// scratch, which needs name.size() + kCgiPrefixBytes bytes. Empty: the header is to be dropped, or scratch is
// too small.
std::string_view cgi_name(const HeaderField &field, std::span<char> scratch);

}  // namespace mortise::http
