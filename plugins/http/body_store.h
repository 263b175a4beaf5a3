// A body that waits: its beginning in memory, the rest in a file without a name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "file_answer.h"

namespace mortise::http {

class BodyStore {
 public:
  BodyStore() = default;
  ~BodyStore() { clear(); }
  BodyStore(const BodyStore &) = delete;
  BodyStore &operator=(const BodyStore &) = delete;

  // False: the disk did not take it; errno says why.
  bool append(std::string_view bytes, size_t in_memory, const char *folder);
  // The next bytes, at most as many as fit; 0 at the end, -1 when the file cannot be read. They can be read
  // again after rewind().
  ssize_t read(char *out, size_t size);
  // The file with what is left of it, where nothing was kept in memory; the store is empty then.
  FileAnswer release();
  void rewind() { read_at_ = 0; }
  bool empty() const { return size_ == 0; }
  uint64_t left() const { return size_ - read_at_; }
  bool at_end() const { return read_at_ == size_; }
  void clear();

 private:
  std::string memory_;
  int file_ = -1;
  uint64_t size_ = 0, read_at_ = 0;
};

}  // namespace mortise::http
