#include "response_parser.h"

#include "field_list.h"
#include "head_reader.h"

namespace mortise::http {

namespace {

class ResponseParser {
 public:
  ResponseParser(HeadReader &reader, ResponseHead &head) : reader_(reader), head_(head) {}

  ParseResult parse() {
    if (status_line() && fields() && framing()) return reader_.complete();
    ParseResult result = reader_.result();
    if (result.verdict == Verdict::kRefused) result.status = 502;
    return result;
  }

 private:
  bool status_line();
  bool fields();
  bool take(const HeaderField &field);
  bool framing();

  bool refuse(const char *reason) { return reader_.refuse(502, reason); }

  HeadReader &reader_;
  ResponseHead &head_;
  bool has_transfer_encoding_ = false;
  ConnectionOptions connection_;
};

// The space before an empty reason is often left out, and is not asked for.
bool ResponseParser::status_line() {
  constexpr std::string_view kPattern = "HTTP/1.d ddd";
  const char *at = reader_.at();
  for (size_t i = 0; i < kPattern.size(); ++i) {
    if (i == reader_.left()) return reader_.need_more(Run::kNone);
    if (kPattern[i] == 'd' ? !is_digit(at[i]) : at[i] != kPattern[i])
      return refuse("an answer that does not begin like HTTP/1.1 200");
  }
  head_.minor = at[7] == '0' ? 0 : 1;
  head_.status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
  if (head_.status < 100 || head_.status > 599)
    return refuse("an answer whose status is not from 100 to 599");

  const char *start = at + kPattern.size();
  const char *stop = find_end<ValueEnd>(start, reader_.buffer());
  if (stop != start && *start != ' ') return refuse("an answer whose status is not followed by a space");
  if (stop == reader_.buffer().end) return reader_.need_more(start == stop ? Run::kNone : Run::kValue);
  head_.reason = trim_blanks({start, stop});
  reader_.move_to(stop);
  return reader_.line_end();
}

bool ResponseParser::fields() {
  return reader_.fields(head_.fields, head_.field_count, [this](HeaderField &field) { return take(field); });
}

bool ResponseParser::take(const HeaderField &field) {
  const char *reason;
  switch (field.id) {
    case HeaderId::kContentLength:
      reason = take_content_length(field.value, head_.has_content_length, head_.content_length);
      return reason ? refuse(reason) : true;
    case HeaderId::kTransferEncoding:
      if (has_transfer_encoding_ || parse_transfer_encoding(field.value) != Coding::kChunked)
        return refuse("a Transfer-Encoding other than chunked, or more than one");
      has_transfer_encoding_ = true;
      return true;
    case HeaderId::kConnection:
      connection_.add(field.value);
      return true;
    default:
      return true;
  }
}

bool ResponseParser::framing() {
  if (has_transfer_encoding_ && head_.has_content_length)
    return refuse("both Content-Length and Transfer-Encoding");
  if (has_transfer_encoding_ && head_.minor == 0) return refuse("Transfer-Encoding in HTTP/1.0");
  head_.chunked = has_transfer_encoding_;
  head_.keep_alive = !connection_.close && (head_.minor >= 1 || connection_.keep_alive);
  head_.says_keep_alive = head_.keep_alive && connection_.keep_alive;
  head_.upgrade = head_.status == 101 && connection_.upgrade;
  return true;
}

}  // namespace

BodyFraming ResponseHead::body(bool answers_head_request) const {
  if (answers_head_request || status < 200 || status == 204 || status == 304) return BodyFraming::kNone;
  if (chunked) return BodyFraming::kChunked;
  if (has_content_length) return content_length ? BodyFraming::kLength : BodyFraming::kNone;
  return BodyFraming::kUntilClose;
}

ParseResult parse_response_head(std::string_view bytes, const HeadLimits &limits, ResponseHead &head,
                                size_t &hint) {
  HeadReader reader(bytes, limits, hint);
  if (hint != 0 && reader.run_goes_on()) return reader.result();
  head.reason = {};
  head.content_length = head.field_count = 0;
  head.has_content_length = head.chunked = head.upgrade = false;
  return ResponseParser(reader, head).parse();
}

}  // namespace mortise::http
