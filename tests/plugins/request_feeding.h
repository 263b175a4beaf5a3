// Feeds heads to a parser whole, cut anywhere and byte by byte, each time from memory of exactly that size.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/http/request_parser.h"
#include "plugins/http/response_parser.h"

namespace mortise::http {

struct RequestFeed {
  static ParseResult parse(std::string_view bytes, const HeadLimits &limits, size_t &hint) {
    static RequestHead head;
    return parse_request_head(bytes, limits, head, hint);
  }
};

struct ResponseFeed {
  static ParseResult parse(std::string_view bytes, const HeadLimits &limits, size_t &hint) {
    static ResponseHead head;
    return parse_response_head(bytes, limits, head, hint);
  }
};

// The bytes in memory of their own, so that a sanitizer sees a read beyond them.
class Exactly {
 public:
  explicit Exactly(std::string_view bytes) : memory_(new char[bytes.size()]), size_(bytes.size()) {
    memcpy(memory_.get(), bytes.data(), size_);
  }
  std::string_view view() const { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<char[]> memory_;
  size_t size_;
};

template <typename Feed>
ParseResult feed_whole(std::string_view bytes, const HeadLimits &limits = {}) {
  size_t hint = 0;
  return Feed::parse(Exactly(bytes).view(), limits, hint);
}

// Feeds growing prefixes, `step` bytes more each time, until the verdict is final.
template <typename Feed>
ParseResult feed_growing(std::string_view bytes, size_t step, const HeadLimits &limits = {}) {
  size_t hint = 0;
  for (size_t size = std::min(step, bytes.size());; size = std::min(size + step, bytes.size())) {
    ParseResult result = Feed::parse(Exactly(bytes.substr(0, size)).view(), limits, hint);
    if (result.verdict != Verdict::kNeedMore || size == bytes.size()) return result;
  }
}

inline std::string describe(const ParseResult &result) {
  switch (result.verdict) {
    case Verdict::kNeedMore:
      return "more";
    case Verdict::kComplete:
      return "complete after " + std::to_string(result.consumed);
    case Verdict::kRefused:
      break;
  }
  return std::to_string(result.status) + ' ' + result.reason;
}

}  // namespace mortise::http
