// Follows a body that is passed on as it came: finds its end and nothing more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "chunked.h"

namespace mortise::http {

class BodyTracker {
 public:
  BodyTracker() = default;  // no body
  static BodyTracker of_length(uint64_t bytes) { return {bytes ? Kind::kLength : Kind::kNone, bytes}; }
  static BodyTracker chunked() { return {Kind::kChunked, 1}; }
  static BodyTracker until_close() { return {Kind::kUntilClose, 1}; }

  bool ended() const { return left_ == 0; }
  bool ends_with_connection() const { return kind_ == Kind::kUntilClose; }
  bool is_chunked() const { return kind_ == Kind::kChunked; }
  // Why the body was found malformed; nullptr: it was not.
  const char *error() const { return error_; }

  // How many of bytes belong to the body, its framing included. use(data) is called with each run of data in
  // them.
  template <typename Use>
  size_t take(std::string_view bytes, Use use) {
    if (ended() || error_) return 0;
    if (kind_ == Kind::kChunked) return take_chunked(bytes, use);
    size_t taken = bytes.size();
    if (kind_ == Kind::kLength) {
      taken = static_cast<size_t>(std::min<uint64_t>(left_, taken));
      left_ -= taken;
    }
    if (taken) use(bytes.substr(0, taken));
    return taken;
  }
  size_t take(std::string_view bytes) {
    return take(bytes, [](std::string_view) {});
  }

 private:
  enum class Kind : uint8_t { kNone, kLength, kChunked, kUntilClose };
  BodyTracker(Kind kind, uint64_t left) : kind_(kind), left_(left) {}

  template <typename Use>
  size_t take_chunked(std::string_view bytes, Use use) {
    size_t taken = 0;
    for (;;) {
      ChunkedDecoder::Step step = decoder_.next(bytes.substr(taken));
      taken += step.consumed;
      if (step.kind == ChunkedDecoder::Kind::kData) {
        use(step.data);
        continue;
      }
      if (step.kind == ChunkedDecoder::Kind::kDone) left_ = 0;
      if (step.kind == ChunkedDecoder::Kind::kError) error_ = step.reason;
      return taken;
    }
  }

  Kind kind_ = Kind::kNone;
  uint64_t left_ = 0;  // of kLength; else 1 until the end was seen
  const char *error_ = nullptr;
  ChunkedDecoder decoder_;
};

}  // namespace mortise::http
