#include "value_files.h"

#include <cstring>
#include <string>

#include "collectors.h"
#include "value.h"

namespace mortise::metrics {

namespace {

size_t page() {
  return static_cast<size_t>(uwsgi.page_size);
}

// A gauge that is collected, and what is computed of others, knows its value without any help.
bool goes_on_from_before(const uwsgi_metric *metric) {
  if (metric->type == UWSGI_METRIC_ALIAS) return false;
  if (!metric->collector) return true;
  if (metric->type == UWSGI_METRIC_GAUGE) return false;
  return !metric->children || !strcmp(metric->collector->name, "accumulator");
}

char *map_file(const std::string &path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  void *memory = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, static_cast<off_t>(page())) == 0)
    memory = mmap(nullptr, page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const int error = errno;
  if (fd >= 0) close(fd);
  if (memory != MAP_FAILED) return static_cast<char *>(memory);
  uwsgi_log("metrics-dir: %s: %s (make the folder writable for the server)\n", path.c_str(), strerror(error));
  return nullptr;
}

}  // namespace

int open_value_files(const char *folder, bool restore) {
  for (uwsgi_metric *metric = uwsgi.metrics; metric; metric = metric->next) {
    metric->map = map_file(std::string(folder) + "/" + metric->name);
    if (!metric->map) return -1;
    if (restore && goes_on_from_before(metric)) {
      metric->initial_value = number_in_field({metric->map, strnlen(metric->map, page())}, 0);
      set(metric, metric->initial_value);
    }
    write_value_file(metric, get(metric));
  }
  return 0;
}

void write_value_file(uwsgi_metric *metric, int64_t value) {
  if (!metric->map) return;
  char text[32];
  int len = snprintf(text, sizeof text, "%lld\n", static_cast<long long>(value));
  auto used = static_cast<size_t>(len);
  if (memcmp(metric->map, text, used + 1) == 0) return;
  memcpy(metric->map, text, used);
  memset(metric->map + used, 0, sizeof text - used);
}

}  // namespace mortise::metrics
