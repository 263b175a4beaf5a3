// A whole text at once: gzip, and the reverse of zlib's own format.
#include <uwsgi.h>

#include "sink.h"

extern "C" char gzheader[10];

using mortise::compression::Sink;

namespace {

// What a few bytes may become; a stream that wants more is taken for an attack.
constexpr size_t kLargest = 256u << 20;

uwsgi_buffer *in_buffer(Sink &sink) {
  size_t len = 0;
  char *bytes = sink.release(&len);
  uwsgi_buffer *buffer = uwsgi_buffer_new(0);
  uwsgi_buffer_map(buffer, bytes, len);
  return buffer;
}

}  // namespace

extern "C" {

uwsgi_buffer *uwsgi_gzip(char *buf, size_t len) {
  z_stream stream;
  uint32_t crc32;
  if (uwsgi_gzip_prepare(&stream, nullptr, 0, &crc32)) return nullptr;
  size_t out_len = 0;
  char *packed = uwsgi_gzip_chunk(&stream, &crc32, buf, len, &out_len);
  if (!packed) {
    deflateEnd(&stream);
    return nullptr;
  }
  uwsgi_buffer *out = uwsgi_buffer_new(out_len + 64);
  const bool failed = uwsgi_buffer_append(out, gzheader, 10) || uwsgi_buffer_append(out, packed, out_len);
  free(packed);
  if (uwsgi_gzip_fix(&stream, crc32, out, len) == 0 && !failed) return out;
  uwsgi_buffer_destroy(out);
  return nullptr;
}

// zlib, gzip: the text tells which it is.
uwsgi_buffer *uwsgi_zlib_decompress(char *buf, size_t len) {
  constexpr int kAnyWrapping = 15 + 32;
  z_stream stream{};
  if (len > UINT32_MAX || inflateInit2(&stream, kAnyWrapping)) return nullptr;
  stream.next_in = reinterpret_cast<Bytef *>(buf);
  stream.avail_in = static_cast<uInt>(len);
  Sink out;
  int result = Z_OK;
  while (result == Z_OK && out.used() <= kLargest && out.offer(&stream)) {
    result = inflate(&stream, Z_NO_FLUSH);
    out.take(&stream);
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END ? in_buffer(out) : nullptr;
}

}  // extern "C"
