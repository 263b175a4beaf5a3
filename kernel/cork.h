// Short answers that leave together: the system has them (TCP_CORK in tcp(7)) and sends them when the last
// one is there, so that who reads them all is woken once. What a process that is killed had here is sent as
// its connections are closed, or, where a child has them too, by the system after a fifth of a second.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace mortise {

class Cork {
 public:
  static constexpr uint64_t kMostUs = 500;  // that an answer waits while the requests after it are short
  // [core] What is written to fd next is an answer, to a request that began then.
  void hold(int fd, uint64_t began_us);
  bool full() const { return held_ == after_fds_.size(); }
  // [core] Whether the first one has waited long enough.
  bool due(uint64_t now_us) const { return held_ > 0 && (full() || now_us - since_us_ >= kMostUs); }
  // [core] Lets go of all.
  void end();
  // [any thread] The same for a core that is held up; false: there was nothing.
  bool pull();

 private:
  std::array<std::atomic<int>, 16> after_fds_{};  // descriptors plus one; 0: none
  std::array<int, 16> fds_;                       // the core's
  size_t held_ = 0;                               // the core's: how many of them it has used
  uint64_t since_us_ = 0;
};

}  // namespace mortise
