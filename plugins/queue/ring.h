// Slots in flat memory, used in a circle: pushed at one place, pulled from another. No locks.
#pragma once

#include <uwsgi.h>

#include <cstdint>
#include <string_view>

namespace mortise::queue {

class Ring {
 public:
  static uint64_t bytes_of(uint64_t slots, uint64_t blocksize);

  // Memory of bytes_of() bytes, zero or with what an earlier ring of the same numbers left.
  Ring(void *memory, uint64_t slots, uint64_t blocksize);

  // At the end; the oldest message gives way in a full ring. False for none, or one longer than a slot.
  bool push(std::string_view message);
  bool set(uint64_t slot, std::string_view message);
  // Pointers into the memory, valid until the slot is written again; empty: nothing is there.
  std::string_view get(uint64_t slot) const;
  std::string_view pull();  // the oldest one
  std::string_view pop();   // the newest one

  uwsgi_queue_header *header() const { return header_; }
  uint64_t slots() const { return slots_; }

 private:
  struct Item {
    uint64_t size;
    int64_t time;
  };
  Item &item(uint64_t slot) const;
  std::string_view take(uint64_t slot);

  uwsgi_queue_header *header_;
  char *items_;
  uint64_t slots_, blocksize_;
};

}  // namespace mortise::queue
