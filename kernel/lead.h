// Which of a worker's cores waits for events: one at a time, the leader, so that an event wakes no other
// thread and connections need not be armed anew for each. A leader that is at one event for longer than a
// moment loses its place to another core, which goes on where it was.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mortise {

class Lead {
 public:
  // A core's place: it leads until somebody else has moved on from there.
  using Place = uint64_t;

  // Waits until the calling core leads; false when the cores are to end.
  bool take(Place &place);
  // [leader] Around what may take long; false: another core leads now.
  void begin_work(Place &place);
  bool end_work(Place &place);
  // [leader] Before what will take long: another core leads from now on.
  void pass_on();
  // The cores are to end.
  void close();

 private:
  bool watch(std::unique_lock<std::mutex> &lock, Place &place);
  void call_watcher();

  // Odd while the leader works. It only grows, so that who has lost the lead sees that.
  std::atomic<Place> state_{0};
  // One of those who wait looks after a leader that works.
  std::atomic<bool> watched_{false};
  std::atomic<int> waiting_{0};
  std::mutex mutex_;
  std::condition_variable change_;
  bool called_ = false;  // a watcher is, and has not come yet
  bool free_ = true;     // nobody leads
  bool closed_ = false;
};

}  // namespace mortise
