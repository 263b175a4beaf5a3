#include "memory.h"

#include <unistd.h>

#include <fstream>
#include <string>

namespace mortise::recycling {

Memory memory_of(pid_t pid, bool with_shares) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/";
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  Memory memory;
  std::ifstream pages(folder + "statm");
  pages >> memory.as >> memory.rss;
  memory.as *= page;
  memory.rss *= page;
  if (!with_shares) return memory;
  std::ifstream shares(folder + "smaps_rollup");
  for (std::string line; std::getline(shares, line);) {
    size_t digits = line.find_first_of("0123456789", line.find(':') + 1);
    if (digits == line.npos) continue;
    uint64_t bytes = std::stoull(line.substr(digits)) * 1024;
    if (line.starts_with("Pss:")) memory.pss = bytes;
    if (line.starts_with("Private_")) memory.uss += bytes;
  }
  return memory;
}

}  // namespace mortise::recycling
