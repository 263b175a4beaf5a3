#include "limited_log.h"

#include <uwsgi.h>

#include <mutex>

namespace mortise::http {

namespace {

constexpr int kLinesPerSecond = 10;

class LineBudget {
 public:
  // Whether a line may be written now; *left_out is the number of those that might not in an earlier second.
  bool take(time_t second, int *left_out) {
    std::lock_guard lock(mutex_);
    *left_out = 0;
    if (second != second_) {
      if (count_ > kLinesPerSecond) *left_out = count_ - kLinesPerSecond;
      second_ = second;
      count_ = 0;
    }
    return ++count_ <= kLinesPerSecond;
  }

 private:
  std::mutex mutex_;
  time_t second_ = 0;
  int count_ = 0;
};

}  // namespace

void log_limited(const char *format, ...) {
  static LineBudget budget;
  int left_out = 0;
  const bool allowed = budget.take(time(nullptr), &left_out);
  if (left_out > 0) uwsgi_log_verbose("http: %d more such lines were left out in one second\n", left_out);
  if (!allowed) return;
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  for (char *byte = line; *byte; ++byte)  // a peer must not forge lines
    if (static_cast<unsigned char>(*byte) < ' ' || *byte == 0x7f) *byte = '?';
  uwsgi_log_verbose("%s\n", line);
}

}  // namespace mortise::http
