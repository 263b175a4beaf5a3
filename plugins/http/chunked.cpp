#include "chunked.h"

#include <algorithm>
#include <charconv>

#include "byte_class.h"

namespace mortise::http {

// In the order in which a body passes through them. kX: X is expected next.
enum class ChunkedDecoder::State : uint8_t {
  kSize,
  kMoreSize,
  kSemicolon,  // after blanks; a line may not end with these
  kExtensionName,
  kMoreName,
  kEqualsOrSemicolon,  // after a name and blanks
  kExtensionValue,
  kMoreValue,
  kQuoted,
  kQuotedByte,  // after a backslash
  kQuoteEnd,
  kSizeLf,
  kData,
  kDataCr,
  kDataLf,
  kTrailer,
  kTrailerName,
  kTrailerValue,
  kTrailerLf,
  kLastLf,
  kDone,
};

namespace {

constexpr int kSizeDigits = 16;
constexpr const char *kBadSize = "a chunk size that is not hexadecimal";
constexpr const char *kBadExtension = "a malformed chunk extension";
constexpr const char *kBareCr = "a CR without LF in a chunked body";

// FNV-1a of a name in lower case; never 0. Who finds another name with the hash of a barred one is refused,
// too.
constexpr uint64_t add_to_hash(uint64_t hash, char byte) {
  constexpr uint64_t kBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;
  return (((hash ? hash : kBasis) ^ static_cast<uint8_t>(byte | 0x20)) * kPrime) | 1;
}

constexpr uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0;
  for (char byte : name) hash = add_to_hash(hash, byte);
  return hash;
}

constexpr uint64_t kBarredTrailers[] = {hash_of("host"), hash_of("content-length"),
                                        hash_of("transfer-encoding")};

constexpr bool is_text(char byte) {
  return byte == '\t' || (static_cast<uint8_t>(byte) >= ' ' && byte != 0x7f);
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view bytes) {
  for (size_t at = 0; !error_; ++at) {
    if (state_ == State::kDone) return {Kind::kDone, at, {}, nullptr};
    if (at == bytes.size()) return {Kind::kNeedMore, at, {}, nullptr};
    if (state_ == State::kData) {
      std::string_view data = bytes.substr(at, std::min<uint64_t>(left_, bytes.size() - at));
      left_ -= data.size();
      if (left_ == 0) state_ = State::kDataCr;
      return {Kind::kData, at + data.size(), data, nullptr};
    }
    error_ = take(bytes[at]);
  }
  return {Kind::kError, 0, {}, error_};
}

const char *ChunkedDecoder::take(char byte) {
  if (state_ <= State::kMoreSize) return take_size(byte);
  if (state_ <= State::kQuoteEnd) return take_extension(byte);
  return state_ <= State::kDataLf ? take_after_data(byte) : take_trailer(byte);
}

const char *ChunkedDecoder::go(State next) {
  state_ = next;
  return nullptr;
}

const char *ChunkedDecoder::take_size(char byte) {
  if (int digit = hex_value(byte); digit >= 0) return add_digit(digit);
  return state_ == State::kSize ? kBadSize : after_word(byte, State::kSemicolon);
}

// Leading zeros beyond the digits that a size needs count as extension bytes.
const char *ChunkedDecoder::add_digit(int digit) {
  if (left_ >> 60) return "a chunk size that is too large";
  left_ = left_ << 4 | static_cast<unsigned>(digit);
  if (digits_ < kSizeDigits)
    ++digits_;
  else if (++extension_bytes_ > kMaxExtensionBytes)
    return "more chunk extensions than the limit";
  return go(State::kMoreSize);
}

// What may follow a size, an extension's name or its value.
const char *ChunkedDecoder::after_word(char byte, State after_blank) {
  if (byte == '\r') return go(State::kSizeLf);
  if (byte == ';') return go(State::kExtensionName);
  if (is_blank(byte)) return go(after_blank);
  return state_ == State::kMoreSize ? kBadSize : kBadExtension;
}

const char *ChunkedDecoder::take_extension(char byte) {
  if (++extension_bytes_ > kMaxExtensionBytes) return "more chunk extensions than the limit";
  switch (state_) {
    case State::kExtensionName:
      if (is_blank(byte)) return nullptr;
      return is_token(byte) ? go(State::kMoreName) : kBadExtension;
    case State::kMoreName:
      if (is_token(byte)) return nullptr;
      return byte == '=' ? go(State::kExtensionValue) : after_word(byte, State::kEqualsOrSemicolon);
    case State::kEqualsOrSemicolon:
      if (byte == '=') return go(State::kExtensionValue);
      [[fallthrough]];
    case State::kSemicolon:
      if (is_blank(byte)) return nullptr;
      return byte == ';' ? go(State::kExtensionName) : kBadExtension;
    case State::kExtensionValue:
      if (is_blank(byte)) return nullptr;
      if (byte == '"') return go(State::kQuoted);
      return is_token(byte) ? go(State::kMoreValue) : kBadExtension;
    case State::kMoreValue:
      if (is_token(byte)) return nullptr;
      [[fallthrough]];
    case State::kQuoteEnd:
      return after_word(byte, State::kSemicolon);
    case State::kQuoted:
      if (byte == '"') return go(State::kQuoteEnd);
      if (byte == '\\') return go(State::kQuotedByte);
      return is_text(byte) ? nullptr : kBadExtension;
    default:
      return is_text(byte) ? go(State::kQuoted) : kBadExtension;  // kQuotedByte
  }
}

const char *ChunkedDecoder::take_after_data(char byte) {
  switch (state_) {
    case State::kSizeLf:
      if (byte != '\n') return kBareCr;
      digits_ = 0;
      return go(left_ ? State::kData : State::kTrailer);
    case State::kDataCr:
      return byte == '\r' ? go(State::kDataLf) : "a chunk longer than its size";
    default:
      return byte == '\n' ? go(State::kSize) : kBareCr;  // kDataLf
  }
}

const char *ChunkedDecoder::take_trailer(char byte) {
  if (++trailer_bytes_ > kMaxTrailerBytes) return "more trailers than the limit";
  switch (state_) {
    case State::kTrailer:
      if (byte == '\r') return go(State::kLastLf);
      name_hash_ = 0;
      [[fallthrough]];
    case State::kTrailerName:
      return take_trailer_name(byte);
    case State::kTrailerValue:
      if (byte == '\r') return go(State::kTrailerLf);
      return is_text(byte) ? nullptr : "a control byte in a trailer";
    case State::kTrailerLf:
      return byte == '\n' ? go(State::kTrailer) : kBareCr;
    default:
      return byte == '\n' ? go(State::kDone) : kBareCr;  // kLastLf
  }
}

const char *ChunkedDecoder::take_trailer_name(char byte) {
  if (is_token(byte)) {
    name_hash_ = add_to_hash(name_hash_, byte);
    return go(State::kTrailerName);
  }
  if (byte != ':' || name_hash_ == 0) return "a malformed trailer";
  for (uint64_t barred : kBarredTrailers)
    if (name_hash_ == barred) return "a trailer that may only stand in the head";
  return go(State::kTrailerValue);
}

std::string_view write_chunk_prefix(uint64_t size, char (&out)[kChunkPrefixBytes]) {
  char *end = std::to_chars(out, out + kChunkPrefixBytes, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {out, end};
}

}  // namespace mortise::http
