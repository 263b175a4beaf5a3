// A request body that waits for its end: its beginning in memory, the rest in a file without a name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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
  void rewind() { read_at_ = 0; }
  bool empty() const { return size_ == 0; }
  bool at_end() const { return read_at_ == size_; }
  void clear();

 private:
  std::string memory_;
  int file_ = -1;
  uint64_t size_ = 0, read_at_ = 0;
};

}  // namespace mortise::http
