// The chunked transfer coding (RFC 9112 §7.1): a decoder that takes bytes in any pieces, and the frames of an
// encoder. Holds no bytes of the body: it says which of those it was given are data.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::http {

// Bounds over a whole body; exceeding one is an error.
constexpr uint16_t kMaxExtensionBytes =
    16 * 1024;  // all that chunk lines hold beside 16 digits, which peers were flooded with
constexpr uint16_t kMaxTrailerBytes = 16 * 1024;

// All zero at its start: it is kept where there are 32 bytes for it (wsgi_request.proto_state).
class ChunkedDecoder {
 public:
  enum class Kind : uint8_t { kData, kNeedMore, kDone, kError };
  struct Step {
    Kind kind;
    size_t consumed;        // from the front of the bytes; what is behind kDone belongs to the next message
    std::string_view data;  // of kData: the last of the consumed bytes, never empty
    const char *reason;     // of kError, a static text; all later steps are the same error
  };
  // Call it with what was not consumed, until it asks for more. Trailers are checked and thrown away; those
  // that would frame or route a message (RFC 9110 §6.5.1) are refused, as somebody may have believed them.
  Step next(std::string_view bytes);

 private:
  enum class State : uint8_t;
  // Each returns why the byte is refused, or nullptr.
  const char *take(char byte);
  const char *take_size(char byte);
  const char *take_extension(char byte);
  const char *take_after_data(char byte);
  const char *take_trailer(char byte);
  const char *take_trailer_name(char byte);
  const char *add_digit(int digit);
  const char *after_word(char byte, State same);
  const char *go(State next);

  State state_{};
  uint8_t digits_ = 0;
  uint16_t extension_bytes_ = 0;
  uint16_t trailer_bytes_ = 0;
  uint64_t name_hash_ = 0;  // of a trailer; 0: it has not begun
  uint64_t left_ = 0;       // of the chunk: its size while that is read, then the data still to come
  const char *error_ = nullptr;
};

constexpr std::string_view kChunkEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr size_t kChunkPrefixBytes = 18;

// Writes the size line of a chunk of `size` > 0 bytes, after which come the bytes and kChunkEnd.
std::string_view write_chunk_prefix(uint64_t size, char (&out)[kChunkPrefixBytes]);

}  // namespace mortise::http
