#include "gzip_stream.h"

namespace mortise::http {

bool GzipStream::begin() {
  constexpr int kWindowBits = 15 + 16;  // with a gzip header and trailer
  constexpr int kMemoryLevel = 8;
  end();
  stream_ = {};
  begun_ = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits, kMemoryLevel,
                        Z_DEFAULT_STRATEGY) == Z_OK;
  return begun_;
}

bool GzipStream::compress(std::string_view data, bool last, std::string &out) {
  if (!begun_) return false;
  stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(data.data()));
  stream_.avail_in = static_cast<uInt>(data.size());
  unsigned char piece[16 * 1024];
  do {
    stream_.next_out = piece;
    stream_.avail_out = sizeof piece;
    if (deflate(&stream_, last ? Z_FINISH : Z_SYNC_FLUSH) == Z_STREAM_ERROR) return false;
    out.append(reinterpret_cast<char *>(piece), sizeof piece - stream_.avail_out);
  } while (stream_.avail_out == 0);
  return true;
}

void GzipStream::end() {
  if (begun_) deflateEnd(&stream_);
  begun_ = false;
}

}  // namespace mortise::http
