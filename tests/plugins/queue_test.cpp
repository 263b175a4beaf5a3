// Messages in a circle of slots.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/queue/ring.h"

using mortise::queue::Ring;

namespace {

struct Memory {
  std::vector<uint64_t> bytes = std::vector<uint64_t>(Ring::bytes_of(3, 10) / 8 + 1);
  Ring ring{bytes.data(), 3, 10};
};

}  // namespace

TEST_CASE("messages are pulled in the order in which they were pushed") {
  Memory memory;
  CHECK(memory.ring.pull().empty());
  for (const char *message : {"a", "b", "c"}) CHECK(memory.ring.push(message));
  CHECK(memory.ring.pull() == "a");
  CHECK(memory.ring.push("d"));
  for (const char *message : {"b", "c", "d"}) CHECK(memory.ring.pull() == message);
  CHECK(memory.ring.pull().empty());
}

TEST_CASE("messages are popped newest first") {
  Memory memory;
  CHECK(memory.ring.pop().empty());
  for (const char *message : {"a", "b"}) memory.ring.push(message);
  CHECK(memory.ring.pop() == "b");
  memory.ring.push("c");
  CHECK(memory.ring.pop() == "c");
  CHECK(memory.ring.pop() == "a");
  CHECK(memory.ring.pop().empty());
}

TEST_CASE("in a full ring the oldest message gives way") {
  Memory memory;
  for (const char *message : {"a", "b", "c", "d"}) CHECK(memory.ring.push(message));
  for (const char *message : {"b", "c", "d"}) CHECK(memory.ring.pull() == message);
}

TEST_CASE("empty and long messages and slots that are not there are refused") {
  Memory memory;
  CHECK_FALSE(memory.ring.push(""));
  CHECK_FALSE(memory.ring.push("12345678901"));
  CHECK(memory.ring.push("1234567890"));
  CHECK_FALSE(memory.ring.set(3, "x"));
  CHECK(memory.ring.set(2, "x"));
  CHECK(memory.ring.get(2) == "x");
  CHECK(memory.ring.get(3).empty());
}

TEST_CASE("memory with nonsense in it is an empty ring or one with what fits") {
  Memory memory;
  for (uint64_t &word : memory.bytes) word = ~uint64_t{0};
  Ring ring(memory.bytes.data(), 3, 10);
  CHECK(ring.pull().empty());
  CHECK(ring.push("a"));
  CHECK(ring.pull() == "a");
}
