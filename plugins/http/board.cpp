#include "board.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <uwsgi.h>

#include <new>

namespace mortise::http {

namespace {

constexpr uint64_t word(int generation, uint64_t count) {
  return static_cast<uint64_t>(static_cast<uint32_t>(generation)) << 32 | count;
}

constexpr int count_in(uint64_t word, int generation) {
  return static_cast<int>(word >> 32) == generation ? static_cast<int>(word & UINT32_MAX) : 0;
}

}  // namespace

void Board::create(int processes, int workers) {
  constexpr size_t kLine = 64;  // rows of different processes share none
  processes_ = processes;
  workers_ = workers;
  row_bytes_ = (sizeof(Row) + sizeof(Slot) * static_cast<size_t>(workers + 1) + kLine - 1) / kLine * kLine;
  memory_ = static_cast<char *>(uwsgi_calloc_shared(row_bytes_ * static_cast<size_t>(processes)));
  for (int i = 0; i < processes; ++i)
    wake_fds_.push_back(processes > 1 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1);
}

void Board::take_row(int id) {
  own_ = id - 1;
  memset(static_cast<void *>(row(own_)), 0, row_bytes_);
}

int Board::busy(int worker, int generation) const {
  int total = 0;
  for (int i = 0; i < processes_; ++i)
    total += count_in(slots(i)[worker].load(std::memory_order_seq_cst), generation);
  return total;
}

// Two processes that take the last core at once both see one too many, and both step back; the next attempt
// follows with the next core that becomes free, or the next sweep.
bool Board::reserve(int worker, int generation, int cores) {
  Slot &own = slots(own_)[worker];
  const int had = count_in(own.load(std::memory_order_relaxed), generation);
  own.store(word(generation, static_cast<uint64_t>(had + 1)), std::memory_order_seq_cst);
  if (busy(worker, generation) <= cores) return true;
  own.store(word(generation, static_cast<uint64_t>(had)), std::memory_order_seq_cst);
  return false;
}

void Board::release(int worker, int generation) {
  Slot &own = slots(own_)[worker];
  const int had = count_in(own.load(std::memory_order_relaxed), generation);
  if (had > 0) own.store(word(generation, static_cast<uint64_t>(had - 1)), std::memory_order_seq_cst);
}

size_t Board::waiting() const {
  size_t total = 0;
  for (int i = 0; i < processes_; ++i) total += row(i)->waiting.load(std::memory_order_relaxed);
  return total;
}

void Board::wake_waiters() {
  for (int i = 0; i < processes_; ++i)
    if (i != own_ && row(i)->waiting.load(std::memory_order_seq_cst) > 0) {
      const uint64_t one = 1;
      if (write(wake_fds_[static_cast<size_t>(i)], &one, sizeof one) < 0) continue;  // it is told already
    }
}

}  // namespace mortise::http
