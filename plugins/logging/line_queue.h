// What was read and is not written yet, between the logger process's two threads: bounded, so that a disk
// that does not answer costs lines and not memory, and never holds up who writes them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace mortise::logging {

struct QueuedLine {
  bool of_request;
  std::string text;
};

class LineQueue {
 public:
  explicit LineQueue(size_t most_bytes) : most_bytes_(most_bytes) {}

  // False: there was no room, the line is counted as lost. [reader]
  bool push(QueuedLine line) {
    std::lock_guard guard(mutex_);
    if (bytes_ + line.text.size() > most_bytes_) return ++lost_, false;
    bytes_ += line.text.size();
    lines_.push_back(std::move(line));
    filled_.notify_one();
    return true;
  }

  // The next line; nothing once close() was called and all were taken. [writer]
  std::optional<QueuedLine> pop() {
    std::unique_lock guard(mutex_);
    filled_.wait(guard, [&] { return closed_ || woken_ || !lines_.empty(); });
    woken_ = false;
    if (lines_.empty()) return closed_ ? std::nullopt : std::optional(QueuedLine{false, {}});
    QueuedLine line = std::move(lines_.front());
    lines_.pop_front();
    bytes_ -= line.text.size();
    return line;
  }

  // Makes pop() return an empty line if there is no other, so that the writer looks at what else it has to
  // do.
  void wake() {
    std::lock_guard guard(mutex_);
    woken_ = true;
    filled_.notify_one();
  }

  void close() {
    std::lock_guard guard(mutex_);
    closed_ = true;
    filled_.notify_one();
  }

  // Lines that found no room since the last call.
  uint64_t take_lost() {
    std::lock_guard guard(mutex_);
    return std::exchange(lost_, 0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<QueuedLine> lines_;
  size_t bytes_ = 0;
  const size_t most_bytes_;
  uint64_t lost_ = 0;
  bool closed_ = false, woken_ = false;
};

}  // namespace mortise::logging
