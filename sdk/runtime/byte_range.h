// The header Range (RFC 9110 §14.2) as struct wsgi_request has it.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise {

// One range of bytes: "bytes=5-9"; where the end is open range_to is INT64_MAX, "-9" begins at -9. Lists and
// what is no range are left alone: whoever gets them serves the whole.
void read_range(wsgi_request &request, std::string_view value);

}  // namespace mortise
