#include "registrations.h"

#include <algorithm>
#include <new>

namespace mortise::timers {

Registrations *Registrations::create_shared() {
  auto *list = new (uwsgi_calloc_shared(sizeof(Registrations))) Registrations{};
  list->lock = uwsgi_lock_init("timers");
  return list;
}

Registrations::Added Registrations::add(const Registration &wanted) {
  if (lock) uwsgi_lock(lock);
  const uint32_t used = count_.load(std::memory_order_relaxed);
  Added added = Added::kKnown;
  if (std::find(entries_, entries_ + used, wanted) == entries_ + used) {
    added = used < kCapacity ? Added::kNew : Added::kFull;
    if (added == Added::kNew) {
      entries_[used] = wanted;
      count_.store(used + 1, std::memory_order_release);
    }
  }
  if (lock) uwsgi_unlock(lock);
  return added;
}

}  // namespace mortise::timers
