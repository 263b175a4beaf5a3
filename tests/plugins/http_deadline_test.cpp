#include "plugins/http/deadline.h"

#include <catch2/catch.hpp>

using namespace mortise::http;

TEST_CASE("deadlines expire in the order in which they were set", "[http][deadline]") {
  DeadlineQueue queue(100);
  Deadline first, second;
  queue.set(first, 1000);
  queue.set(second, 1050);
  CHECK(queue.take_expired(1099) == nullptr);
  CHECK(queue.take_expired(1100) == &first);
  CHECK(queue.take_expired(1100) == nullptr);
  CHECK(queue.take_expired(1150) == &second);
}

TEST_CASE("a deadline that is set again begins anew, also in another queue", "[http][deadline]") {
  DeadlineQueue short_queue(10), long_queue(1000);
  Deadline deadline;
  short_queue.set(deadline, 0);
  short_queue.set(deadline, 5);
  CHECK(short_queue.take_expired(10) == nullptr);
  long_queue.set(deadline, 5);
  CHECK(short_queue.take_expired(500) == nullptr);
  CHECK(long_queue.take_expired(1005) == &deadline);
  CHECK_FALSE(deadline.is_set());
}

TEST_CASE("a destroyed deadline leaves its queue", "[http][deadline]") {
  DeadlineQueue queue(1);
  {
    Deadline gone;
    queue.set(gone, 0);
  }
  CHECK(queue.take_any() == nullptr);
}

TEST_CASE("a queue without a duration never expires and can still be emptied", "[http][deadline]") {
  DeadlineQueue queue(0);
  Deadline deadline;
  queue.set(deadline, 0);
  CHECK(queue.take_expired(UINT64_MAX) == nullptr);
  CHECK(queue.take_any() == &deadline);
}
