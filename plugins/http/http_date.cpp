#include "http_date.h"

#include <uwsgi.h>

namespace mortise::http {

std::string_view date_line() {
  constexpr std::string_view kName = "Date: ";
  constexpr size_t kDateBytes = 29;
  thread_local time_t second = -1;
  thread_local char line[kName.size() + kDateBytes + 3];
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);  // no system call, and exact enough for seconds
  if (now.tv_sec != second) {
    second = now.tv_sec;
    kName.copy(line, kName.size());
    uwsgi_http_date(second, line + kName.size());
    line[kName.size() + kDateBytes] = '\r';
    line[kName.size() + kDateBytes + 1] = '\n';
  }
  return {line, kName.size() + kDateBytes + 2};
}

}  // namespace mortise::http
