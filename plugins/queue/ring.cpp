#include "ring.h"

#include <cstring>
#include <ctime>

namespace mortise::queue {

namespace {

constexpr uint64_t kHeaderBytes = 64;

uint64_t aligned(uint64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

}  // namespace

uint64_t Ring::bytes_of(uint64_t slots, uint64_t blocksize) {
  return kHeaderBytes + slots * (sizeof(Item) + aligned(blocksize));
}

Ring::Ring(void *memory, uint64_t slots, uint64_t blocksize)
    : header_(static_cast<uwsgi_queue_header *>(memory)),
      items_(static_cast<char *>(memory) + kHeaderBytes),
      slots_(slots),
      blocksize_(blocksize) {
  // A file may have anything.
  if (header_->pos >= slots_) header_->pos = 0;
  if (header_->pull_pos >= slots_) header_->pull_pos = 0;
  for (uint64_t slot = 0; slot < slots_; ++slot)
    if (item(slot).size > blocksize_) item(slot).size = 0;
}

Ring::Item &Ring::item(uint64_t slot) const {
  return *reinterpret_cast<Item *>(items_ + slot * (sizeof(Item) + aligned(blocksize_)));
}

bool Ring::set(uint64_t slot, std::string_view message) {
  if (slot >= slots_ || message.empty() || message.size() > blocksize_) return false;
  Item &place = item(slot);
  place.size = 0;  // whoever dies now leaves an empty slot
  memcpy(&place + 1, message.data(), message.size());
  place.time = time(nullptr);
  place.size = message.size();
  return true;
}

bool Ring::push(std::string_view message) {
  const uint64_t slot = header_->pos;
  const bool taken = !get(slot).empty();
  if (!set(slot, message)) return false;
  const uint64_t next = (slot + 1) % slots_;
  if (taken && header_->pull_pos == slot) header_->pull_pos = next;
  header_->pos = next;
  return true;
}

std::string_view Ring::get(uint64_t slot) const {
  if (slot >= slots_) return {};
  const Item &place = item(slot);
  return {reinterpret_cast<const char *>(&place + 1), place.size};
}

std::string_view Ring::take(uint64_t slot) {
  const std::string_view message = get(slot);
  item(slot).size = 0;
  return message;
}

std::string_view Ring::pull() {
  const std::string_view message = take(header_->pull_pos);
  if (!message.empty()) header_->pull_pos = (header_->pull_pos + 1) % slots_;
  return message;
}

std::string_view Ring::pop() {
  const uint64_t slot = (header_->pos + slots_ - 1) % slots_;
  const std::string_view message = take(slot);
  if (!message.empty()) header_->pos = slot;
  return message;
}

}  // namespace mortise::queue
