#include "recognition.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace mortise::control {

namespace {

enum class Answer { kNo, kYes, kUnknown };

// The name of a function that the server exports and uWSGI does not have.
constexpr std::string_view kMark = "uwsgi_server_state";

Answer has_mark(const std::string &path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  const bool is_file = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  const auto size = static_cast<size_t>(status.st_size);
  void *bytes = is_file ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  if (fd >= 0) close(fd);
  if (bytes == MAP_FAILED) return Answer::kUnknown;
  const bool found = memmem(bytes, size, kMark.data(), kMark.size()) != nullptr;
  munmap(bytes, size);
  return found ? Answer::kYes : Answer::kNo;
}

// Files with code that a process has mapped, as proc_pid_maps(5) writes them; empty where it may not be read.
std::set<std::string> mapped_programs(const std::string &folder) {
  std::set<std::string> files;
  std::ifstream maps(folder + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string addresses, rights, offset, device, inode, path;
    words >> addresses >> rights >> offset >> device >> inode >> std::ws;
    std::getline(words, path);
    if (rights.find('x') != rights.npos && path.starts_with('/')) files.insert(path);
  }
  return files;
}

}  // namespace

std::string other_program(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  if (has_mark(folder + "/exe") != Answer::kNo) return {};
  const std::set<std::string> files = mapped_programs(folder);  // libmortise.so in another program
  for (const std::string &file : files)
    if (has_mark(file) != Answer::kNo) return {};
  std::string name;
  if (!files.empty()) std::getline(std::ifstream(folder + "/comm"), name);
  return name;
}

}  // namespace mortise::control
