#include "http.h"

namespace mortise::stats {

namespace {
constexpr size_t kLongestLine = 4096;
}

Wanted read_request_line(std::string_view input) {
  const size_t end = input.find('\n');
  if (end == input.npos) return input.size() < kLongestLine ? Wanted::kMore : Wanted::kNothing;
  std::string_view line = input.substr(0, end);
  const size_t blank = line.find(' ');
  const std::string_view method = line.substr(0, blank);
  if (blank == line.npos || (method != "GET" && method != "HEAD")) return Wanted::kNothing;
  line.remove_prefix(blank + 1);
  const std::string_view target = line.substr(0, line.find_first_of(" ?\r"));
  return target == "/metrics" ? Wanted::kPrometheus : Wanted::kJson;
}

std::string answer_head(std::string_view status, std::string_view type) {
  return "HTTP/1.0 " + std::string(status) +
         "\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: " + std::string(type) +
         "\r\n\r\n";
}

}  // namespace mortise::stats
