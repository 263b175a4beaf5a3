#include "sdk/runtime/fork_warnings.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <filesystem>
#include <string>
#include <vector>

#include "kernel/fd.h"
#include "kernel/log.h"

namespace mortise {

namespace {

using NameOf = int (*)(pid_t thread, char *name, size_t size);

std::vector<NameOf> &languages() {
  static std::vector<NameOf> list;
  return list;
}

void append(std::string &list, const std::string &item) {
  list += (list.empty() ? "" : ", ") + item;
}

// Numbers that are the names of a folder of /proc.
std::vector<int> numbers_in(const char *folder) {
  std::vector<int> numbers;
  std::error_code failed;
  for (const auto &entry : std::filesystem::directory_iterator(folder, failed))
    numbers.push_back(atoi(entry.path().filename().c_str()));
  return numbers;
}

// As its language calls it, or else as ps does.
std::string name_of_thread(pid_t thread) {
  char name[256] = "";
  for (NameOf name_of : languages())
    if (name_of(thread, name, sizeof name) == 0) return name;
  Fd comm(open(("/proc/self/task/" + std::to_string(thread) + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
  ssize_t got = comm ? read(comm.get(), name, sizeof name - 1) : 0;
  return got > 1 ? std::string(name, static_cast<size_t>(got) - 1) : "?";
}

std::string threads() {
  std::string list;
  for (int thread : numbers_in("/proc/self/task"))
    if (thread != getpid()) append(list, "'" + name_of_thread(thread) + "'");
  return list;
}

// Where a socket is connected to; empty for what is no connection to another program.
std::string peer_of(int fd) {
  sockaddr_storage peer{};
  socklen_t len = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &len)) return {};
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    auto *in = reinterpret_cast<sockaddr_in *>(&peer);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(in->sin_port));
  }
  if (peer.ss_family == AF_INET6) {
    auto *in = reinterpret_cast<sockaddr_in6 *>(&peer);
    inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    return std::string("[") + text + "]:" + std::to_string(ntohs(in->sin6_port));
  }
  auto *un = reinterpret_cast<sockaddr_un *>(&peer);
  return peer.ss_family == AF_UNIX && un->sun_path[0] == '/' ? un->sun_path : "";
}

// Standard error may be a connection to the service manager's journal; it is meant to be shared.
bool is_standard(int fd) {
  struct stat one {
  }, other{};
  if (fstat(fd, &one)) return false;
  for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; ++standard)
    if (fstat(standard, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev) return true;
  return false;
}

std::string connections() {
  std::string list;
  for (int fd : numbers_in("/proc/self/fd"))
    if (std::string peer = peer_of(fd); !peer.empty() && !is_standard(fd))
      append(list, peer + " (descriptor " + std::to_string(fd) + ")");
  return list;
}

}  // namespace

void warn_of_what_a_fork_breaks() {
  if (std::string list = threads(); !list.empty())
    log_warning(
        "the master runs threads (%s): they do not exist in the workers, which are forked from it (start "
        "them in "
        "a plugin's hook post_fork, in Python in a function marked @postfork, or load the application in "
        "each "
        "worker: lazy-apps)",
        list.c_str());
  if (std::string list = connections(); !list.empty())
    log_warning(
        "the master has connections open (%s): all workers would use the same ones and get each other's "
        "answers "
        "(connect in a plugin's hook post_fork, in Python in a function marked @postfork, or load the "
        "application in each worker: lazy-apps)",
        list.c_str());
}

}  // namespace mortise

extern "C" int uwsgi_register_thread_names(int (*name_of)(pid_t thread, char *name, size_t size)) {
  if (!name_of) return -1;
  mortise::languages().push_back(name_of);
  return 0;
}
