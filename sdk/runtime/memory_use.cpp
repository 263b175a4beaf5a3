// The memory that this process has.
#include <uwsgi.h>

#include "kernel/fd.h"

// proc(5): the first two numbers of statm are pages of virtual and resident memory.
extern "C" void get_memusage(uint64_t *rss, uint64_t *vsz) {
  *rss = *vsz = 0;
  auto text = mortise::read_file("/proc/self/statm", 4096);
  unsigned long long total = 0, resident = 0;
  if (!text || sscanf(text->c_str(), "%llu %llu", &total, &resident) != 2) return;
  *vsz = total * static_cast<uint64_t>(uwsgi.page_size);
  *rss = resident * static_cast<uint64_t>(uwsgi.page_size);
}
