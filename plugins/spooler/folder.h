// Tasks in a folder: stored whole, listed in the order in which they are to run, taken by one process at a
// time. Folders named by a number in it are priorities: lower ones run first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "task_file.h"

namespace mortise::spooler {

// Path of the new file; nothing, with errno, where it cannot be written.
std::optional<std::string> store_task(const std::string &folder, const std::string &host, const TaskOrders &,
                                      std::string_view pairs, std::string_view body);

struct Waiting {
  std::string path;
  std::string name;
};
struct Listing {
  std::vector<Waiting> due;
  int64_t next_at = 0;  // when the first of those that are not due is, seconds since 1970; 0: there is none
};
Listing list_tasks(const std::string &folder, int64_t now);

// A task that this process alone works on, until the object is gone.
class TakenTask {
 public:
  // Nothing where another process has it, or had it; broken tells that the file is no task.
  static std::optional<TakenTask> take(const Waiting &waiting, bool *broken);
  TakenTask(TakenTask &&other) noexcept : task(std::move(other.task)), fd_(other.fd_) { other.fd_ = -1; }
  ~TakenTask();
  Task task;

 private:
  explicit TakenTask(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace mortise::spooler
