// A server of its own for one check of a plugin: started, asked, stopped. Its log is kept until it goes.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sdk/tool/command.h"

namespace mortise {

class TrialServer {
 public:
  // Starts it with these arguments, an HTTP socket and one worker that has one core. Call wait_ready() next.
  static Result<TrialServer> start(std::vector<std::string> arguments);
  TrialServer(TrialServer &&other) noexcept
      : folder_(std::move(other.folder_)), pid_(std::exchange(other.pid_, -1)), port_(other.port_) {}
  TrialServer &operator=(TrialServer &&) = delete;
  ~TrialServer();

  // True once it listens; false when it ended before, or is not ready within 20 s.
  bool wait_ready();
  // The status word of waitpid(2), once it has ended; -1: it did not within the time. SIGTERM before it
  // waits.
  int stop(int timeout_ms = 15000);
  int wait_end(int timeout_ms);
  void signal(int signum) const;

  // One request on a connection of its own; the whole answer, empty when there is none within 5 s.
  std::string request(const std::string &bytes) const;
  // Sends the bytes and leaves without reading, so that the server gets a reset.
  void abandon(const std::string &bytes) const;

  // Processes that it forked, oldest first.
  std::vector<pid_t> children() const;
  std::string log() const;

 private:
  TrialServer(TemporaryFolder folder, pid_t pid) : folder_(std::move(folder)), pid_(pid) {}
  int connect() const;

  TemporaryFolder folder_;
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

// Descriptors that a process has open; 0 when it is gone.
size_t count_descriptors(pid_t pid);

// Waits until condition() holds; false when it does not within the time.
template <typename Condition>
bool wait_until(Condition condition, int timeout_ms) {
  for (int waited_ms = 0; !condition(); waited_ms += 10) {
    if (waited_ms >= timeout_ms) return false;
    usleep(10'000);
  }
  return true;
}

}  // namespace mortise
