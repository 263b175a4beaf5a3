// Encoders gzip (RFC 1952: each line a member, so that the file is one stream) and compress (RFC 1950).
#include <zlib.h>

#include "encoders.h"

namespace mortise::logging {

namespace {

char *deflate_line(const char *line, size_t len, size_t *out_len, int window_bits) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return nullptr;
  size_t bound = deflateBound(&stream, len);
  auto *out = static_cast<char *>(uwsgi_malloc(bound));
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(line));
  stream.avail_in = static_cast<uInt>(len);
  stream.next_out = reinterpret_cast<Bytef *>(out);
  stream.avail_out = static_cast<uInt>(bound);
  int done = deflate(&stream, Z_FINISH);
  *out_len = stream.total_out;
  deflateEnd(&stream);
  if (done == Z_STREAM_END) return out;
  free(out);
  return nullptr;
}

char *gzip_line(uwsgi_log_encoder *, char *line, size_t len, size_t *out_len) {
  return deflate_line(line, len, out_len, MAX_WBITS + 16);
}

char *compress_line(uwsgi_log_encoder *, char *line, size_t len, size_t *out_len) {
  return deflate_line(line, len, out_len, MAX_WBITS);
}

}  // namespace

void register_compressing_encoders() {
  uwsgi_register_log_encoder("gzip", gzip_line);
  uwsgi_register_log_encoder("compress", compress_line);
}

}  // namespace mortise::logging
