#include "plugins/http/chunked.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <memory>
#include <string>

using namespace mortise::http;
using namespace std::string_literals;
using Kind = ChunkedDecoder::Kind;

namespace {

struct Decoded {
  Kind end;
  std::string data;
  size_t consumed = 0;
  std::string reason;
  bool operator==(const Decoded &) const = default;
};

// Decodes bytes that come in pieces of `step` bytes, each in memory of exactly its size.
Decoded decode(std::string_view bytes, size_t step = SIZE_MAX) {
  ChunkedDecoder decoder;
  Decoded decoded{Kind::kNeedMore, {}, 0, {}};
  while (decoded.consumed < bytes.size()) {
    std::string_view piece = bytes.substr(decoded.consumed, step);
    std::unique_ptr<char[]> memory(new char[piece.size()]);
    memcpy(memory.get(), piece.data(), piece.size());
    std::string_view rest(memory.get(), piece.size());
    for (;;) {
      ChunkedDecoder::Step next = decoder.next(rest);
      decoded.end = next.kind;
      decoded.consumed += next.consumed;
      decoded.data += next.data;
      if (next.kind == Kind::kError) decoded.reason = next.reason;
      if (next.kind == Kind::kDone || next.kind == Kind::kError) return decoded;
      rest.remove_prefix(next.consumed);
      if (next.kind == Kind::kNeedMore) break;
      REQUIRE_FALSE(next.data.empty());
    }
    REQUIRE(rest.empty());
  }
  return decoded;
}

void check_in_pieces(std::string_view bytes, const Decoded &whole) {
  for (size_t step = 1; step <= bytes.size(); ++step) {
    Decoded decoded = decode(bytes, step);
    // Where the bytes before an error count as taken depends on the pieces; nothing else does.
    if (whole.end == Kind::kError) decoded.consumed = whole.consumed;
    CHECK(decoded == whole);
  }
}

}  // namespace

TEST_CASE("a chunked body is decoded, and what follows it is left alone") {
  const std::string body = "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";
  Decoded decoded = decode(body + "GET / HTTP/1.1\r\n");
  CHECK(decoded.end == Kind::kDone);
  CHECK(decoded.data == "hello, world");
  CHECK(decoded.consumed == body.size());
}

TEST_CASE("data is given as spans of the input, without a copy") {
  ChunkedDecoder decoder;
  std::string_view bytes = "5\r\nhello\r\n";
  ChunkedDecoder::Step step = decoder.next(bytes);
  CHECK(step.kind == Kind::kData);
  CHECK(step.data.data() == bytes.data() + 3);
  CHECK(step.consumed == 8);
}

TEST_CASE("a decoder stays done, and stays in error") {
  ChunkedDecoder decoder;
  REQUIRE(decoder.next("0\r\n\r\n").kind == Kind::kDone);
  CHECK(decoder.next("5\r\nhello").kind == Kind::kDone);
  CHECK(decoder.next("5\r\nhello").consumed == 0);
  ChunkedDecoder broken;
  REQUIRE(broken.next("x").kind == Kind::kError);
  CHECK(broken.next("0\r\n\r\n").kind == Kind::kError);
}

TEST_CASE("each of a table of chunked bodies is decoded, in pieces of any size") {
  const struct {
    const char *what;
    std::string bytes, data;
  } bodies[] = {
      {"an empty body", "0\r\n\r\n", ""},
      {"sizes in capitals and not", "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
       "01234567890123456789a"},
      {"zeros before a size", "0005\r\nhello\r\n000\r\n\r\n", "hello"},
      {"more zeros than digits", std::string(40, '0') + "1\r\na\r\n0\r\n\r\n", "a"},
      {"line ends as data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
      {"a body like a last chunk", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
      {"NULs as data", "2\r\n\0\0\r\n0\r\n\r\n"s, "\0\0"s},
      {"an extension", "1;a\r\nx\r\n0;b\r\n\r\n", "x"},
      {"an extension with a value", "1;a=b;c=d\r\nx\r\n0\r\n\r\n", "x"},
      {"an extension with blanks", "1 ; a\t=  b ;c\r\nx\r\n0\r\n\r\n", "x"},
      {"a quoted value with escapes", "1;a=\"\\\"\\\\;\tb\xff\";c\r\nx\r\n0\r\n\r\n", "x"},
      {"an empty quoted value", "1;a=\"\" ;b\r\nx\r\n0\r\n\r\n", "x"},
      {"a trailer", "0\r\nX: y\r\n\r\n", ""},
      {"trailers",
       "1\r\nx\r\n0\r\nX:\r\nContent-Type: a/b\r\nX-Content-Length: 5\r\nTransfer-Encoding-: x\r\nHos: "
       "t\r\nZ: \ta\xe9\r\n\r\n",
       "x"},
  };
  for (const auto &body : bodies) {
    INFO(body.what);
    Decoded whole = decode(body.bytes);
    CHECK(whole == Decoded{Kind::kDone, body.data, body.bytes.size(), {}});
    check_in_pieces(body.bytes, whole);
  }
}

TEST_CASE("each of a table of malformed chunked bodies is refused, in pieces of any size") {
  const struct {
    const char *what;
    std::string bytes;
  } bodies[] = {
      {"no size", "\r\nhello\r\n"},
      {"a size in a base of its own", "0x5\r\nhello\r\n0\r\n\r\n"},
      {"an h", "5h\r\nhello\r\n0\r\n\r\n"},
      {"a minus", "-5\r\nhello\r\n"},
      {"a plus", "+5\r\nhello\r\n"},
      {"an underscore", "1_0\r\n"},
      {"a letter", "g\r\n"},
      {"a space before a size", " 5\r\nhello\r\n"},
      {"a space behind a size", "5 \r\nhello\r\n0\r\n\r\n"},
      {"a tab behind a size", "5\t\r\nhello\r\n0\r\n\r\n"},
      {"a vertical tab behind a size", "5\v\r\nhello\r\n0\r\n\r\n"},
      {"a NUL behind a size", "5\0\r\nhello\r\n"s},
      {"two sizes", "5 5\r\nhello\r\n"},
      {"a comma", "5,\r\nhello\r\n"},
      {"a full-width digit", "\xef\xbc\x95\r\nhello\r\n"},
      {"a size of 2^64", "10000000000000000\r\n"},
      {"a size that wraps around to 5", "10000000000000005\r\nhello\r\n0\r\n\r\n"},
      {"a size of many digits", std::string(100, 'f') + "\r\n"},
      {"a bare LF behind a size", "5\nhello\r\n0\r\n\r\n"},
      {"a bare CR behind a size", "5\rhello\r\n0\r\n\r\n"},
      {"CR CR LF behind a size", "5\r\r\nhello\r\n0\r\n\r\n"},
      {"no line end behind data", "5\r\nhello0\r\n\r\n"},
      {"a bare LF behind data", "5\r\nhello\n0\r\n\r\n"},
      {"a bare CR behind data", "5\r\nhello\r0\r\n\r\n"},
      {"more data than the size", "5\r\nhello!\r\n0\r\n\r\n"},
      {"two bytes for a line end", "5\r\nhelloXX0\r\n\r\n"},
      {"an extension without a name", "5;\r\nhello\r\n0\r\n\r\n"},
      {"two semicolons", "5;;a\r\nhello\r\n"},
      {"an extension with an empty value", "5;a=\r\nhello\r\n"},
      {"an extension with two values", "5;a=b=c\r\nhello\r\n"},
      {"an extension with a space in its name", "5;a b\r\nhello\r\n"},
      {"a blank behind an extension", "5;a \r\nhello\r\n"},
      {"a bare LF in an extension", "5;a\nhello\r\n0\r\n\r\n"},
      {"a bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"},
      {"a NUL in an extension", "5;a\0\r\nhello\r\n"s},
      {"a control byte in a quoted value", "5;a=\"\x01\"\r\nhello\r\n"},
      {"a line end in a quoted value", "5;a=\"\r\nhello\r\n0\r\n\r\n\"\r\n"},
      {"a bare LF in a quoted value", "5;a=\"\nhello\""},
      {"an escaped line end", "5;a=\"\\\r\n\""},
      {"bytes behind a quoted value", "5;a=\"b\"c\r\nhello\r\n"},
      {"a bare LF behind the last chunk", "0\n\n"},
      {"a bare LF that ends the body", "0\r\n\n"},
      {"a bare CR that ends the body", "0\r\n\rG"},
      {"a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"},
      {"a trailer without a colon", "0\r\nGET / HTTP/1.1\r\n\r\n"},
      {"a trailer without a name", "0\r\n: y\r\n\r\n"},
      {"a space before a trailer's colon", "0\r\nX : y\r\n\r\n"},
      {"a bare LF behind a trailer", "0\r\nX: y\n\r\n"},
      {"a bare CR in a trailer", "0\r\nX: y\rz\r\n\r\n"},
      {"a NUL in a trailer", "0\r\nX: \0\r\n\r\n"s},
      {"a length as a trailer", "0\r\nContent-Length: 5\r\n\r\n"},
      {"a coding as a trailer", "0\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n"},
      {"a host as a trailer", "0\r\nHOST: b\r\n\r\n"},
  };
  for (const auto &body : bodies) {
    INFO(body.what);
    Decoded whole = decode(body.bytes);
    CHECK(whole.end == Kind::kError);
    CHECK_FALSE(whole.reason.empty());
    check_in_pieces(body.bytes, whole);
  }
}

TEST_CASE("a body that has not come whole asks for more at every byte") {
  const std::string body = "5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (size_t size = 0; size < body.size(); ++size)
    CHECK(decode(body.substr(0, size)).end == Kind::kNeedMore);
}

TEST_CASE("the largest chunk size is taken") {
  ChunkedDecoder decoder;
  CHECK(decoder.next("ffffffffffffffff\r\n").kind == Kind::kNeedMore);
  CHECK(decoder.next("x").data == "x");
}

TEST_CASE("extensions are bounded over the whole body") {
  const std::string third = "1;" + std::string(kMaxExtensionBytes / 3, 'e') + "\r\nx\r\n", end = "0\r\n\r\n";
  CHECK(decode(third + third + end).end == Kind::kDone);
  CHECK(decode(third + third + third + end).reason == "more chunk extensions than the limit");
  const std::string too_many(kMaxExtensionBytes + 1, 'e');
  CHECK(decode("1;" + too_many).end == Kind::kError);
  CHECK(decode("1" + std::string(too_many.size() + 1, ' ')).end == Kind::kError);
  CHECK(decode(std::string(too_many.size() + 16, '0')).end == Kind::kError);
}

TEST_CASE("trailers are bounded") {
  const std::string half = "X: " + std::string(kMaxTrailerBytes / 2 - 8, 'y') + "\r\n";
  CHECK(decode("0\r\n" + half + half + "\r\n").end == Kind::kDone);
  CHECK(decode("0\r\n" + half + half + half + "\r\n").reason == "more trailers than the limit");
}

TEST_CASE("a chunk's size line is written in hexadecimal") {
  char out[kChunkPrefixBytes];
  CHECK(write_chunk_prefix(1, out) == "1\r\n");
  CHECK(write_chunk_prefix(65536, out) == "10000\r\n");
  CHECK(write_chunk_prefix(UINT64_MAX, out) == "ffffffffffffffff\r\n");
}

TEST_CASE("what the encoder writes is decoded to the same bytes") {
  std::string encoded, data;
  for (size_t size : {1, 15, 16, 17, 4096}) {
    char out[kChunkPrefixBytes];
    encoded += write_chunk_prefix(size, out);
    encoded += std::string(size, 'd');
    encoded += kChunkEnd;
    data += std::string(size, 'd');
  }
  encoded += kLastChunk;
  CHECK(decode(encoded) == Decoded{Kind::kDone, data, encoded.size(), {}});
  CHECK(decode(encoded, 5).data == data);
}
