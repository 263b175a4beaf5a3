// Output of zlib: memory that grows until a stream has said all it had to say.
#pragma once

#include <uwsgi.h>

#include <algorithm>
#include <utility>

namespace mortise::compression {

class Sink {
 public:
  Sink() = default;
  ~Sink() { free(bytes_); }
  Sink(const Sink &) = delete;
  Sink &operator=(const Sink &) = delete;

  // Gives the stream room to write; false: there is no memory.
  bool offer(z_stream *stream) {
    if (used_ == size_) {
      const size_t wanted = size_ ? size_ * 2 : kFirst;
      auto *grown = static_cast<char *>(realloc(bytes_, wanted));
      if (!grown) return false;
      bytes_ = grown;
      size_ = wanted;
    }
    stream->next_out = reinterpret_cast<Bytef *>(bytes_ + used_);
    stream->avail_out = static_cast<uInt>(std::min<size_t>(size_ - used_, 1u << 30));
    return true;
  }
  // Counts what the stream wrote.
  void take(const z_stream *stream) {
    used_ = static_cast<size_t>(reinterpret_cast<char *>(stream->next_out) - bytes_);
  }
  size_t used() const { return used_; }
  // The memory, malloc'ed, is the caller's.
  char *release(size_t *len) {
    *len = used_;
    return std::exchange(bytes_, nullptr);
  }

 private:
  static constexpr size_t kFirst = 4096;
  char *bytes_ = nullptr;
  size_t size_ = 0, used_ = 0;
};

// The next piece of a deflate stream, malloc'ed and the caller's; nullptr where zlib refuses. flush:
// Z_SYNC_FLUSH or Z_FINISH.
char *deflate_piece(z_stream *stream, char *buf, size_t len, size_t *out_len, int flush);

}  // namespace mortise::compression
