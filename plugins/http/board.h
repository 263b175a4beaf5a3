// What the gateway processes of a server know of each other, in shared memory: how many requests each has on
// each worker, who has some that wait, and what is told by --http-stats. Each process writes its own row.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace mortise::http {

struct GatewayFigures {
  std::atomic<uint64_t> clients;      // connections that are open
  std::atomic<uint64_t> connections;  // ever accepted
  std::atomic<uint64_t> requests, refused;
  std::atomic<uint64_t> answers[6];  // by the first digit of the status
  std::atomic<uint64_t> bad_gateway, unavailable, timed_out, retried, upgraded, files;
  std::atomic<uint64_t> received_bytes, sent_bytes;
};

inline void count(std::atomic<uint64_t> &figure, uint64_t amount = 1) {
  figure.store(figure.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

class Board {
 public:
  // [master, before the fork] For so many gateway processes and workers.
  void create(int processes, int workers);
  // [gateway] This process has row `id` (from 1), emptied: whoever had it is gone.
  void take_row(int id);

  GatewayFigures &own() { return row(own_)->figures; }
  const GatewayFigures &of(int process) const { return row(process)->figures; }
  int processes() const { return processes_; }

  // Takes a core of a worker's present generation (its pid) if one is free in all processes' sight.
  bool reserve(int worker, int generation, int cores);
  void release(int worker, int generation);
  // Requests under way on this generation, of all processes.
  int busy(int worker, int generation) const;

  // Others are told when a core is free, if they have requests that wait.
  void set_waiting(size_t requests) { row(own_)->waiting.store(requests, std::memory_order_seq_cst); }
  size_t waiting() const;
  void wake_waiters();
  int wake_fd() const { return wake_fds_[static_cast<size_t>(own_)]; }

 private:
  struct Row {
    GatewayFigures figures;
    std::atomic<size_t> waiting;
  };
  // A generation and a count in one word: a count of another generation is none.
  using Slot = std::atomic<uint64_t>;
  Row *row(int process) const {
    return reinterpret_cast<Row *>(memory_ + static_cast<size_t>(process) * row_bytes_);
  }
  Slot *slots(int process) const { return reinterpret_cast<Slot *>(row(process) + 1); }

  char *memory_ = nullptr;
  size_t row_bytes_ = 0;
  int processes_ = 0, workers_ = 0, own_ = 0;  // rows count from 0
  std::vector<int> wake_fds_;
};

}  // namespace mortise::http
