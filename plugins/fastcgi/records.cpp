#include "records.h"

#include <cstring>

namespace mortise::fastcgi {

namespace {

constexpr uint8_t kVersion = 1;
constexpr uint16_t kResponder = 1;

uint16_t number(const char *bytes) {
  return static_cast<uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                               static_cast<unsigned char>(bytes[1]));
}

}  // namespace

Header parse_header(const char *bytes) {
  return {static_cast<uint8_t>(bytes[0]), static_cast<uint8_t>(bytes[1]), number(bytes + 2),
          number(bytes + 4), static_cast<uint8_t>(bytes[6])};
}

void write_header(char *out, uint8_t type, uint16_t id, size_t length) {
  out[0] = static_cast<char>(kVersion);
  out[1] = static_cast<char>(type);
  out[2] = static_cast<char>(id >> 8);
  out[3] = static_cast<char>(id);
  out[4] = static_cast<char>(length >> 8);
  out[5] = static_cast<char>(length);
  out[6] = out[7] = 0;
}

void write_end(char *out, uint16_t id) {
  write_header(out, kEndRequest, id, kHeaderBytes);
  memset(out + kHeaderBytes, 0, kHeaderBytes);  // of the application 0, of the protocol REQUEST_COMPLETE
}

Verdict parse_head(char *bytes, size_t len, size_t most, Head *head) {
  bool begun = false;
  size_t total = 0, first = 0;
  const auto each_record = [&](auto func) {
    for (size_t at = 0; len - at >= kHeaderBytes;) {
      const Header header = parse_header(bytes + at);
      const size_t content = at + kHeaderBytes, next = content + header.length + header.padding;
      const Verdict verdict = func(header, content, next);
      if (verdict != Verdict::kMore) return verdict;
      if (next > len) break;
      at = next;
    }
    return Verdict::kMore;
  };
  const Verdict verdict = each_record([&](const Header &header, size_t content, size_t next) {
    if (header.version != kVersion) return Verdict::kMalformed;
    if (!begun) {
      if (header.type == kStdin && header.length == 0) return Verdict::kMore;  // the end of the body before
      if (header.type != kBeginRequest || header.id == 0) return Verdict::kMalformed;
      if (header.length != kHeaderBytes) return Verdict::kMalformed;
      if (next > len) return Verdict::kMore;
      if (number(bytes + content) != kResponder) return Verdict::kUnsupported;
      begun = true;
      head->id = header.id;
      head->keep = bytes[content + 2] & 1;
      return Verdict::kMore;
    }
    if (header.type != kParams || header.id != head->id)
      return header.type == kBeginRequest ? Verdict::kUnsupported : Verdict::kMalformed;
    if (total == 0) first = content;
    total += header.length;
    if (total > most) return Verdict::kTooLarge;
    if (header.length > 0 || next > len) return Verdict::kMore;
    head->used = next;
    return Verdict::kGood;
  });
  if (verdict != Verdict::kGood) return verdict;
  size_t end = first;
  each_record([&](const Header &header, size_t content, size_t next) {
    if (header.type == kParams) {
      const size_t length = header.length;  // the header may be overwritten now
      memmove(bytes + end, bytes + content, length);
      end += length;
    }
    return next == head->used ? Verdict::kGood : Verdict::kMore;
  });
  head->params = {bytes + first, total};
  return Verdict::kGood;
}

}  // namespace mortise::fastcgi
