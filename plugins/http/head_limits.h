// How large a request head may be, from the configuration of the server.
#pragma once

#include "parse_result.h"

namespace mortise::http {

// [any process; after the options were read]
HeadLimits head_limits();

// Variables that a request has apart from its headers: no more headers are taken than leave room for these.
constexpr int kOwnVariables = 16;

}  // namespace mortise::http
