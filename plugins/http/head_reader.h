// Reads what request and response heads have in common: limits, line ends, header lines. A head that is not
// complete is read anew when more bytes come; the hint makes that cheap, because a byte that merely continues
// a run of its kind is looked at once. The verdict depends on the bytes alone, never on the pieces they came
// in.
#pragma once

#include <algorithm>
#include <array>

#include "byte_class.h"
#include "byte_scan.h"
#include "header_field.h"
#include "parse_result.h"

namespace mortise::http {

// The run of bytes at which the buffer ended.
enum class Run : uint8_t { kNone, kName, kValue, kTarget };

class HeadReader {
 public:
  HeadReader(std::string_view bytes, const HeadLimits &limits, size_t &hint)
      : buffer_{bytes.data(), bytes.data() + std::min(bytes.size(), limits.max_head_bytes)},
        limits_(limits),
        hint_(hint),
        at_(buffer_.begin) {}

  // True when no byte beyond those seen last time ends the run that they ended in: still kNeedMore.
  bool run_goes_on();

  // Takes a CRLF; false when result() says why not.
  bool line_end();

  // Takes all header lines and the empty line behind them, and calls use(field), which may refuse, for each.
  template <typename Use>
  bool fields(std::array<HeaderField, kMaxHeaders> &fields, size_t &count, Use use);

  // Both return false, and set what result() returns.
  bool need_more(Run run);
  bool refuse(uint16_t status, const char *reason) {
    result_ = {Verdict::kRefused, status, 0, reason};
    return false;
  }
  ParseResult complete() const { return {Verdict::kComplete, 0, static_cast<size_t>(at_ - buffer_.begin)}; }
  const ParseResult &result() const { return result_; }

  const char *at() const { return at_; }
  void move_to(const char *at) { at_ = at; }
  size_t left() const { return static_cast<size_t>(buffer_.end - at_); }
  ByteRange buffer() const { return buffer_; }

 private:
  enum class Line : uint8_t { kField, kHeadEnd, kStopped };
  Line field(HeaderField &field);
  bool refuse_byte(char byte);
  Line no_field(const char *start, const char *stop);

  ByteRange buffer_;  // not beyond the limit
  const HeadLimits &limits_;
  size_t &hint_;
  const char *at_;
  ParseResult result_{Verdict::kNeedMore};
};

// Always inline: this runs once a header line, and its parts stay in registers.
[[gnu::always_inline]] inline HeadReader::Line HeadReader::field(HeaderField &field) {
  const char *start = at_;
  const char *colon = find_end<LettersEnd>(start, buffer_);
  if (colon == buffer_.end || *colon != ':' || colon == start) {
    while (colon != buffer_.end && is_token(*colon)) ++colon;
    if (colon == buffer_.end || *colon != ':' || colon == start) return no_field(start, colon);
  }

  const char *value = colon + 1;
  while (value != buffer_.end && is_blank(*value)) ++value;
  const char *cr = find_end<ValueEnd>(value, buffer_);
  if (cr == buffer_.end) return need_more(Run::kValue), Line::kStopped;
  at_ = cr;
  if (!line_end()) return Line::kStopped;
  while (cr != value && is_blank(cr[-1])) --cr;

  field.name = {start, static_cast<size_t>(colon - start)};
  field.value = {value, static_cast<size_t>(cr - value)};
  field.id = find_header(field.name);
  return Line::kField;
}

template <typename Use>
inline bool HeadReader::fields(std::array<HeaderField, kMaxHeaders> &fields, size_t &count, Use use) {
  const size_t most = std::min(limits_.max_headers, kMaxHeaders);
  HeaderField extra;
  for (;;) {
    const bool room = count < most;
    HeaderField &next = room ? fields[count] : extra;
    switch (field(next)) {
      case Line::kHeadEnd:
        return true;
      case Line::kStopped:
        return false;
      case Line::kField:
        break;
    }
    if (!room) return refuse(431, "more header lines than the limit");
    ++count;
    if (!use(next)) return false;
  }
}

inline bool HeadReader::line_end() {
  if (left() >= 2 && at_[0] == '\r' && at_[1] == '\n') {
    at_ += 2;
    return true;
  }
  if (left() == 0 || (left() == 1 && *at_ == '\r')) return need_more(Run::kNone);
  return refuse_byte(*at_);
}

}  // namespace mortise::http
