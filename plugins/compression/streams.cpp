// Streams of deflate and gzip, piece by piece, as other plugins drive them. What is returned is malloc'ed and
// the caller's; NULL or -1 where zlib refuses.
#include <uwsgi.h>

#include <climits>
#include <memory>

#include "sink.h"

using namespace mortise::compression;

namespace {

constexpr int kRawWindow = -15;  // deflate without a wrapping (RFC 1951): the functions write their own
constexpr int kMemoryLevel = 8;

int start_deflate(z_stream *stream, char *dictionary, size_t len) {
  *stream = {};
  if (deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, kMemoryLevel, Z_DEFAULT_STRATEGY))
    return -1;
  if (!dictionary ||
      deflateSetDictionary(stream, reinterpret_cast<Bytef *>(dictionary), static_cast<uInt>(len)) == Z_OK)
    return 0;
  deflateEnd(stream);
  return -1;
}

}  // namespace

namespace mortise::compression {

char *deflate_piece(z_stream *stream, char *buf, size_t len, size_t *out_len, int flush) {
  Sink out;
  if (len > UINT_MAX) return nullptr;
  stream->next_in = reinterpret_cast<Bytef *>(buf);
  stream->avail_in = static_cast<uInt>(len);
  do {
    if (!out.offer(stream)) return nullptr;
    const int result = deflate(stream, flush);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return nullptr;
    out.take(stream);
  } while (stream->avail_out == 0);
  return out.release(out_len);
}

}  // namespace mortise::compression

// Head of a gzip member (RFC 1952 §2.3): no flags, no time, written on UNIX.
extern "C" UWSGI_API char gzheader[10];
char gzheader[10] = {0x1f, static_cast<char>(0x8b), Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3};

extern "C" {

int uwsgi_deflate_init(z_stream *stream, char *dictionary, size_t len) {
  return start_deflate(stream, dictionary, len);
}

// The piece ends on a byte, so that the peer can read all of it (RFC 7692 §7.2.1 relies on it).
char *uwsgi_deflate(z_stream *stream, char *buf, size_t len, size_t *out_len) {
  return deflate_piece(stream, buf, len, out_len, Z_SYNC_FLUSH);
}

int uwsgi_inflate_init(z_stream *stream, char *dictionary, size_t len) {
  *stream = {};
  if (inflateInit2(stream, kRawWindow)) return -1;
  if (!dictionary ||
      inflateSetDictionary(stream, reinterpret_cast<Bytef *>(dictionary), static_cast<uInt>(len)) == Z_OK)
    return 0;
  inflateEnd(stream);
  return -1;
}

int uwsgi_gzip_prepare(z_stream *stream, char *dictionary, size_t len, uint32_t *crc32) {
  *crc32 = 0;
  return start_deflate(stream, dictionary, len);
}

char *uwsgi_gzip_chunk(z_stream *stream, uint32_t *crc32, char *buf, size_t len, size_t *out_len) {
  uwsgi_crc32(crc32, buf, len);
  return deflate_piece(stream, buf, len, out_len, Z_SYNC_FLUSH);
}

// Ends the stream and appends the member's last bytes: checksum and length (RFC 1952 §2.3.1).
int uwsgi_gzip_fix(z_stream *stream, uint32_t crc32, uwsgi_buffer *buffer, size_t len) {
  size_t rest_len = 0;
  char none = 0;
  std::unique_ptr<char, decltype(&free)> rest(deflate_piece(stream, &none, 0, &rest_len, Z_FINISH), free);
  deflateEnd(stream);
  if (!rest || uwsgi_buffer_append(buffer, rest.get(), rest_len)) return -1;
  if (uwsgi_buffer_u32le(buffer, crc32)) return -1;
  return uwsgi_buffer_u32le(buffer, static_cast<uint32_t>(len));
}

}  // extern "C"
