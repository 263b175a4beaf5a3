// What a client has not taken yet of a response: bytes in memory, then in a file without a name, and parts of
// files. Writes without waiting; knows nothing of connections and threads.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <string>

#include "kernel/fd.h"

namespace mortise {

class Unsent {
 public:
  Unsent() = default;
  ~Unsent() { clear(); }
  Unsent(const Unsent &) = delete;
  Unsent &operator=(const Unsent &) = delete;

  // Keeps copies of these bytes and steps over them; false when some are left: `limit` bytes were kept since
  // it was empty last, or the disk takes no more.
  bool add(iovec *&iov, int &count, uint64_t limit);
  // Keeps a part of a file, by a descriptor of its own; false when there is none.
  bool add_file(int fd, off_t begin, size_t len);

  enum class Sent { kAll, kSome, kNothing, kFailed };
  // One turn: as much as fd takes, within a bound.
  Sent send(int fd);
  bool empty() const { return parts_.empty(); }
  void clear();

 private:
  struct Part {
    int file;  // -1: in memory; else a descriptor that it owns, but for spill_'s
    off_t begin;
    size_t len;
  };
  size_t add_to_memory(const char *bytes, size_t len);
  size_t add_to_disk(const char *bytes, size_t len);
  void extend(int file, off_t begin, size_t len);
  void drop_first();

  std::deque<Part> parts_;
  std::string memory_;
  Fd spill_;
  off_t spilled_ = 0;
};

}  // namespace mortise
