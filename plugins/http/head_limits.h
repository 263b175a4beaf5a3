// How large a request head may be, from the configuration of the server.
#pragma once

#include "parse_result.h"
#include "request_parser.h"

namespace mortise::http {

// [any process; after the options were read]
HeadLimits head_limits();
// Same with the bound of bodies, which the kernel applies in workers.
HeadLimits gateway_limits();

// Variables that a request has apart from its headers: no more headers are taken than leave room for these.
constexpr int kOwnVariables = 20;

constexpr const char *kTooLargeBody = "the request body is larger than --limit-post";

// Why a head within its other limits is refused, with 431, or with 414 where the target alone is too much:
// names grow, the target comes twice.
constexpr const char *kTooManyVariableBytes = "a request head whose variables are larger than --buffer-size";
inline int status_of_too_many_variable_bytes(const RequestHead &head, const HeadLimits &limits) {
  return head.target.size() + head.path.size() + head.query.size() > limits.max_variable_bytes ? 414 : 431;
}

}  // namespace mortise::http
