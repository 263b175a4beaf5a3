#include "kernel/unsent.h"

#include <sys/sendfile.h>
#include <uwsgi.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace mortise {

namespace {

// The memory of one client, and of all clients of this process; what is beyond goes to the disk.
constexpr size_t kMemoryOfOne = 256 * 1024;
constexpr size_t kMemoryOfAll = 16 * 1024 * 1024;
std::atomic<size_t> memory_of_all{0};

constexpr size_t kTurnBytes = 1024 * 1024;  // others have their turn then
constexpr size_t kMaxParts = 64;            // each may hold a descriptor

}  // namespace

bool Unsent::add(iovec *&iov, int &count, uint64_t limit) {
  while (count > 0) {
    const uint64_t kept = memory_.size() + static_cast<uint64_t>(spilled_);
    const char *bytes = static_cast<const char *>(iov->iov_base);
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(iov->iov_len, limit - std::min(limit, kept)));
    size_t taken = wanted ? add_to_memory(bytes, wanted) : 0;
    if (taken == 0 && wanted > 0) taken = add_to_disk(bytes, wanted);
    iov->iov_base = const_cast<char *>(bytes) + taken;
    iov->iov_len -= taken;
    if (iov->iov_len == 0) {
      ++iov;
      --count;
    } else if (taken == 0) {
      return false;
    }
  }
  return true;
}

// The number of bytes that were taken; once there is a file all goes there.
size_t Unsent::add_to_memory(const char *bytes, size_t len) {
  if (spill_) return 0;
  len = std::min(len, kMemoryOfOne - memory_.size());
  if (memory_of_all.fetch_add(len, std::memory_order_relaxed) + len > kMemoryOfAll) {
    memory_of_all.fetch_sub(len, std::memory_order_relaxed);
    return 0;
  }
  extend(-1, static_cast<off_t>(memory_.size()), len);
  memory_.append(bytes, len);
  return len;
}

size_t Unsent::add_to_disk(const char *bytes, size_t len) {
  if (!spill_) spill_.reset(uwsgi_tmpfd());
  if (!spill_) return 0;
  ssize_t written = 0;
  do {
    written = pwrite(spill_.get(), bytes, len, spilled_);
  } while (written < 0 && errno == EINTR);
  if (written <= 0) return 0;
  extend(spill_.get(), spilled_, static_cast<size_t>(written));
  spilled_ += written;
  return static_cast<size_t>(written);
}

void Unsent::extend(int file, off_t begin, size_t len) {
  if (len == 0) return;
  if (!parts_.empty() && parts_.back().file == file &&
      parts_.back().begin + static_cast<off_t>(parts_.back().len) == begin) {
    parts_.back().len += len;
  } else {
    parts_.push_back({file, begin, len});
  }
}

bool Unsent::add_file(int fd, off_t begin, size_t len) {
  if (parts_.size() >= kMaxParts) return false;
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return false;
  parts_.push_back({own, begin, len});
  return true;
}

Unsent::Sent Unsent::send(int fd) {
  size_t total = 0;
  while (!parts_.empty() && total < kTurnBytes) {
    Part &part = parts_.front();
    const size_t len = std::min(part.len, kTurnBytes);
    ssize_t sent = part.file < 0 ? write(fd, memory_.data() + part.begin, len)
                                 : sendfile(fd, part.file, &part.begin, len);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && uwsgi_is_again()) return total ? Sent::kSome : Sent::kNothing;
    if (sent <= 0) return Sent::kFailed;  // 0: the file became shorter
    if (part.file < 0) part.begin += sent;
    part.len -= static_cast<size_t>(sent);
    total += static_cast<size_t>(sent);
    if (part.len == 0) drop_first();
  }
  if (!parts_.empty()) return Sent::kSome;
  clear();  // the room begins anew
  return Sent::kAll;
}

void Unsent::drop_first() {
  if (const int file = parts_.front().file; file >= 0 && file != spill_.get()) close(file);
  parts_.pop_front();
}

void Unsent::clear() {
  while (!parts_.empty()) drop_first();
  memory_of_all.fetch_sub(memory_.size(), std::memory_order_relaxed);
  std::string().swap(memory_);
  spill_.reset();
  spilled_ = 0;
}

}  // namespace mortise
