#include "head_reader.h"

namespace mortise::http {

namespace {

constexpr unsigned kRunBits = 2;

const char *end_of_token(const char *at, const char *end) {
  while (at != end && is_token(*at)) ++at;
  return at;
}

}  // namespace

bool HeadReader::run_goes_on() {
  const size_t seen = hint_ >> kRunBits;
  const Run run = static_cast<Run>(hint_ & ((1u << kRunBits) - 1));
  const size_t size = static_cast<size_t>(buffer_.end - buffer_.begin);
  if (run == Run::kNone || seen > size || size >= limits_.max_head_bytes) return false;
  if (run == Run::kTarget && size > limits_.max_target_bytes) return false;
  const char *from = buffer_.begin + seen;
  const char *stop = run == Run::kName    ? end_of_token(from, buffer_.end)
                     : run == Run::kValue ? find_end<ValueEnd>(from, buffer_)
                                          : find_end<TargetEnd>(from, buffer_);
  if (stop != buffer_.end) return false;
  need_more(run);
  return true;
}

bool HeadReader::need_more(Run run) {
  const size_t size = static_cast<size_t>(buffer_.end - buffer_.begin);
  if (size >= limits_.max_head_bytes)
    return run == Run::kTarget ? refuse(414, "a target longer than the limit")
                               : refuse(431, "the head is larger than the limit");
  hint_ = size << kRunBits | static_cast<size_t>(run);
  result_ = {Verdict::kNeedMore};
  return false;
}

// Says what is wrong with a byte that ends a line or a value and is not the CR of a CRLF.
bool HeadReader::refuse_byte(char byte) {
  switch (byte) {
    case '\n':
      return refuse(400, "a line that ends with a bare LF");
    case '\r':
      return refuse(400, "a bare CR");
    case '\0':
      return refuse(400, "a NUL byte");
    default:
      return refuse(400, "a control byte");
  }
}

// Where no header name with its colon is.
HeadReader::Line HeadReader::no_field(const char *start, const char *stop) {
  if (stop == buffer_.end) {
    need_more(Run::kName);
  } else if (stop == start && *stop == '\r') {
    at_ = start;
    if (line_end()) return Line::kHeadEnd;
  } else if (*stop == '\0') {
    refuse_byte(*stop);
  } else if (stop == start) {
    refuse(400, *stop == ':'      ? "a header line without a name"
                : is_blank(*stop) ? "a folded header line"
                : *stop == '\n'   ? "a line that ends with a bare LF"
                                  : "a header name that is not a token");
  } else {
    refuse(400, is_blank(*stop)                  ? "a blank before the colon of a header"
                : *stop == '\r' || *stop == '\n' ? "a header line without a colon"
                                                 : "a header name that is not a token");
  }
  return Line::kStopped;
}

}  // namespace mortise::http
