#include "takeover.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <cinttypes>
#include <filesystem>
#include <string>
#include <vector>

namespace mortise::logging {

namespace {

// The pipes outlive a reload: programs that stay, such as daemons, go on writing to them. The descriptors are
// not closed when the master executes itself, and a memory file of this name, which is not either, has their
// numbers. Children close all of them at exec: enter_child().
constexpr char kRecord[] = "mortise-log";
Fd record;

std::vector<int> kept() {
  const Ends &own = ends();
  return {record.get(),
          own.original_out,
          own.original_err,
          own.lines.read_end.get(),
          own.lines.write_end.get(),
          own.requests.read_end.get(),
          own.requests.write_end.get()};
}

void pass_on(bool on) {
  for (int fd : kept())
    if (fd > STDERR_FILENO) fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC);
}

void write_record() {
  record.reset(memfd_create(kRecord, 0));
  std::vector<int> fds = kept();
  char text[128];
  int len = snprintf(text, sizeof text, "%d %d %d %d %d %d %d", uwsgi.mypid, fds[1], fds[2], fds[3], fds[4],
                     fds[5], fds[6]);
  if (!record || write(record.get(), text, static_cast<size_t>(len)) != len)
    uwsgi_log("logging: %s (lines may get lost in a reload)\n", strerror(errno));
}

int find_record() {
  std::error_code error;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone)
            .string()
            .starts_with("/memfd:" + std::string(kRecord)))
      return atoi(entry.path().filename().c_str());
  }
  return -1;
}

// What the generation before left; the originals are standard output and error again by now.
void adopt() {
  int found = find_record();
  char text[128] = "";
  int pid = 0, fds[6] = {-1, -1, -1, -1, -1, -1};
  if (found < 0 || pread(found, text, sizeof text - 1, 0) <= 0) return;
  if (sscanf(text, "%d %d %d %d %d %d %d", &pid, &fds[0], &fds[1], &fds[2], &fds[3], &fds[4], &fds[5]) != 7)
    return;
  if (pid != uwsgi.mypid) return;
  close(found);
  Ends &own = ends();
  own.original_out = fds[0];
  own.original_err = fds[1];
  dup2(own.original_out, STDOUT_FILENO);
  if (fds[2] >= 0 && fds[3] >= 0) own.lines.adopt(fds[2], fds[3]);
  if (fds[4] >= 0 && fds[5] >= 0) own.requests.adopt(fds[4], fds[5]);
}

bool is_child() {
  return uwsgi.mypid != uwsgi_master_pid();
}

}  // namespace

Ends &ends() {
  static Ends own;
  return own;
}

bool make_pipes(bool for_requests) {
  Ends &own = ends();
  if (uwsgi_generation() > 0) adopt();
  if (own.original_err < 0) {
    own.original_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    own.original_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  }
  bool made = (own.lines || own.lines.create()) && (!for_requests || own.requests || own.requests.create());
  if (!made || own.original_err < 0) {
    uwsgi_log("logging: make a pipe: %s (raise the limit of open files)\n", strerror(errno));
    return false;
  }
  if (!for_requests) own.requests = {};
  uwsgi.original_log_fd = own.original_err;
  write_record();
  pass_on(true);
  return true;
}

void take_over() {
  Ends &own = ends();
  if (own.taken || !own.lines || is_child()) return;
  own.taken = true;
  fflush(nullptr);
  dup2(own.lines.prompt.get(), STDOUT_FILENO);
  dup2(own.lines.prompt.get(), STDERR_FILENO);
  uwsgi_log_through(own.lines.prompt.get());
}

void enter_child() {
  Ends &own = ends();
  pass_on(false);
  if (!own.taken) return;
  dup2(own.lines.write_end.get(), STDOUT_FILENO);
  dup2(own.lines.write_end.get(), STDERR_FILENO);
}

void give_back() {
  Ends &own = ends();
  dup2(own.original_out, STDOUT_FILENO);
  dup2(own.original_err, STDERR_FILENO);
  uwsgi_log_through(-1);
  own.lines.close_writers();
  own.requests.close_writers();
}

}  // namespace mortise::logging
