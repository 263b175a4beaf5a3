// Any bytes as a chunked body: the same data and the same end in pieces of any size, and data that is encoded
// again is decoded to itself.
#include <algorithm>
#include <string>

#include "plugins/http/chunked.h"

using namespace mortise::http;
using Kind = ChunkedDecoder::Kind;

namespace {

void check(bool good) {
  if (!good) __builtin_trap();
}

struct Decoded {
  Kind end = Kind::kNeedMore;
  std::string data;
  size_t consumed = 0;
  const char *reason = nullptr;
};

Decoded decode(std::string_view bytes, size_t step) {
  ChunkedDecoder decoder;
  Decoded decoded;
  for (size_t start = 0; start < bytes.size(); start += step) {
    const std::string piece(bytes.substr(start, step));  // memory of its own each time
    std::string_view rest = piece;
    for (;;) {
      ChunkedDecoder::Step next = decoder.next(rest);
      check(next.consumed <= rest.size());
      decoded.end = next.kind;
      decoded.reason = next.reason;
      if (next.kind == Kind::kError) {
        check(next.reason && next.consumed == 0);
        return decoded;
      }
      decoded.consumed += next.consumed;
      decoded.data += next.data;
      check(next.data.empty() == (next.kind != Kind::kData));
      check(next.data.empty() || next.data.data() + next.data.size() == rest.data() + next.consumed);
      if (next.kind == Kind::kDone) return decoded;
      rest.remove_prefix(next.consumed);
      if (next.kind == Kind::kNeedMore) break;
    }
    check(rest.empty());
  }
  return decoded;
}

std::string encode(std::string_view data) {
  std::string text;
  for (size_t size = 1; !data.empty(); size = size * 3 + 1) {
    std::string_view chunk = data.substr(0, size);
    char prefix[kChunkPrefixBytes];
    text.append(write_chunk_prefix(chunk.size(), prefix)).append(chunk).append(kChunkEnd);
    data.remove_prefix(chunk.size());
  }
  return text.append(kLastChunk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  const Decoded whole = decode(bytes, std::max<size_t>(size, 1));
  for (size_t step : {size_t{1}, 2 + size % 7, 16 + size % 64}) {
    const Decoded pieces = decode(bytes, step);
    check(pieces.end == whole.end && pieces.data == whole.data && pieces.reason == whole.reason);
    check(whole.end == Kind::kError || pieces.consumed == whole.consumed);
  }
  const Decoded again = decode(encode(bytes), 1 + size);
  check(again.end == Kind::kDone && again.data == bytes);
  return 0;
}
