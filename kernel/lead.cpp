#include "kernel/lead.h"

#include <chrono>

namespace mortise {

namespace {

// How long a leader may be at one event; and after how many of these moments in which nothing happened nobody
// looks after it any more.
constexpr std::chrono::milliseconds kMoment{1};
constexpr int kQuietMoments = 20;

bool is_at_work(Lead::Place state) {
  return state & 1;
}

}  // namespace

bool Lead::take(Place &place) {
  std::unique_lock lock(mutex_);
  waiting_.fetch_add(1);
  bool leads = false;
  while (!closed_ && !leads) {
    if (free_) {
      free_ = false;
      place = state_.load() + 2;
      state_.store(place);
      leads = true;
    } else if (watched_ && !called_) {
      change_.wait(lock);
    } else {
      called_ = false;
      watched_ = true;
      leads = watch(lock, place);
    }
  }
  waiting_.fetch_sub(1);
  return leads;
}

// Until this core leads, or there is nothing to look after.
bool Lead::watch(std::unique_lock<std::mutex> &lock, Place &place) {
  Place seen = state_.load();
  for (int quiet = 0; !free_ && !closed_;) {
    change_.wait_for(lock, kMoment);
    Place now = state_.load();
    quiet = now == seen ? quiet + 1 : 0;
    if (now == seen && is_at_work(now) && state_.compare_exchange_strong(now, now + 1)) {
      place = seen + 1;
      watched_ = false;
      return true;
    }
    seen = now;
    if (quiet < kQuietMoments) continue;
    watched_ = false;
    if (state_.load() == seen) change_.wait(lock);  // or it has begun, and believed to be watched
    if (watched_ && !called_) return false;
    called_ = false;
    watched_ = true;
    quiet = 0;
  }
  watched_ = false;
  return false;
}

void Lead::begin_work(Place &place) {
  state_.store(++place);
  if (!watched_.load() && waiting_.load() > 0) call_watcher();
}

void Lead::call_watcher() {
  std::lock_guard lock(mutex_);
  if (watched_ || waiting_ == 0) return;
  watched_ = called_ = true;
  change_.notify_one();
}

bool Lead::end_work(Place &place) {
  Place expected = place;
  return state_.compare_exchange_strong(expected, ++place);
}

void Lead::pass_on() {
  std::lock_guard lock(mutex_);
  free_ = true;
  change_.notify_one();
}

void Lead::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  change_.notify_all();
}

}  // namespace mortise
