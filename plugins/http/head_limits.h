// How large a request head may be, from the configuration of the server.
#pragma once

#include "parse_result.h"

namespace mortise::http {

// [any process; after the options were read]
HeadLimits head_limits();
// Same with the bound of bodies, which the kernel applies in workers.
HeadLimits gateway_limits();

// Variables that a request has apart from its headers: no more headers are taken than leave room for these.
constexpr int kOwnVariables = 20;

constexpr const char *kTooLargeBody = "the request body is larger than --limit-post";

// Why a head within its other limits is refused: names grow, the target comes twice.
constexpr const char *kTooManyVariableBytes = "a request head whose variables are larger than --buffer-size";

}  // namespace mortise::http
