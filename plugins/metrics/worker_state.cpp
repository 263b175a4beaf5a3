#include "worker_state.h"

#include <uwsgi.h>

#include "collectors.h"

namespace mortise::metrics {

namespace {

MemorySize memory_of(pid_t pid) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/%d/statm", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  ssize_t len = read(fd, text, sizeof text);
  close(fd);
  if (len <= 0) return {};
  return parse_statm({text, static_cast<size_t>(len)}, static_cast<uint64_t>(uwsgi.page_size));
}

template <typename T>
T peek(const T &shared) {
  return __atomic_load_n(&shared, __ATOMIC_RELAXED);
}

template <typename T>
void publish(T &shared, T value) {
  __atomic_store_n(&shared, value, __ATOMIC_RELAXED);
}

}  // namespace

MemorySize parse_statm(std::string_view text, uint64_t page_bytes) {
  return {static_cast<uint64_t>(number_in_field(text, 1)) * page_bytes,
          static_cast<uint64_t>(number_in_field(text, 0)) * page_bytes};
}

}  // namespace mortise::metrics

using namespace mortise::metrics;

extern "C" void uwsgi_sample_workers(void) {
  if (!uwsgi.workers) return;
  const bool with_memory = uwsgi.logging_options.memory_report || uwsgi.force_get_memusage;
  uint64_t requests = 0;
  for (int wid = 1; wid <= uwsgi.numproc; ++wid) {
    uwsgi_worker &worker = uwsgi.workers[wid];
    requests += peek(worker.requests);
    if (!with_memory) continue;
    const pid_t pid = peek(worker.pid);
    const MemorySize size = pid > 0 ? memory_of(pid) : MemorySize{};
    publish(worker.rss_size, size.rss);
    publish(worker.vsz_size, size.vsz);
  }
  publish(uwsgi.workers[0].requests, requests);
}
