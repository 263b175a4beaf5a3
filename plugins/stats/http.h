// The little HTTP that the statistics server speaks: which document a request line asks for, and the head of
// an answer.
#pragma once

#include <string>
#include <string_view>

namespace mortise::stats {

enum class Wanted { kMore, kJson, kPrometheus, kNothing };

// kMore: the first line has not come whole. /metrics is for Prometheus, anything else is the JSON document,
// as with uWSGI; what is not GET or HEAD gets nothing.
Wanted read_request_line(std::string_view input);

std::string answer_head(std::string_view status, std::string_view type);

}  // namespace mortise::stats
