// Compresses a response body on its way (RFC 1952): what is put in comes out in the same call. One at a time.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace mortise::http {

class GzipStream {
 public:
  GzipStream() = default;
  ~GzipStream() { end(); }
  GzipStream(const GzipStream &) = delete;
  GzipStream &operator=(const GzipStream &) = delete;

  // False: out of memory.
  bool begin();
  // Appends to out; `last`: and the trailer. Nothing is held back, so that a stream stays one.
  bool compress(std::string_view data, bool last, std::string &out);
  void end();

 private:
  z_stream stream_{};
  bool begun_ = false;
};

}  // namespace mortise::http
