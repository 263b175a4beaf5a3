#include "pidfile.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

#include <string>
#include <vector>

namespace mortise::background {

namespace {

constexpr int kExitNoPerm = 77;

struct PidFile {
  std::string option;
  std::string path;
  Moment moment;
  std::string before{};  // what it said when this server was started
};

std::vector<PidFile> &files() {
  static std::vector<PidFile> list;
  return list;
}

bool write_whole(const std::string &path, const std::string &text) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) close(fd);
  return written;
}

// Renamed into place, so that a reader finds a pid; where the folder may not be written to, the file may.
bool replace(const std::string &path, const std::string &text) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return write_whole(path, text);
  const std::string fresh = path + "." + std::to_string(getpid());
  if (write_whole(fresh, text) && rename(fresh.c_str(), path.c_str()) == 0) return true;
  unlink(fresh.c_str());
  return write_whole(path, text);
}

// Whether replace() would succeed, as far as that can be told while the file stays as it is.
bool can_be_replaced(const std::string &path) {
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) return true;
  const std::string fresh = path + "." + std::to_string(getpid());
  const bool written = write_whole(fresh, "0\n");
  const int error = errno;
  unlink(fresh.c_str());
  errno = error;
  return written || (exists && access(path.c_str(), W_OK) == 0);
}

std::string contents(const std::string &path) {
  char text[32] = "";
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  [[maybe_unused]] ssize_t ignored = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  return text;
}

// Whether a process of the same program has the pid: a server that was there first.
bool is_server(const std::string &pid) {
  struct stat ours {
  }, theirs{};
  return atoi(pid.c_str()) > 0 && stat("/proc/self/exe", &ours) == 0 &&
         stat(("/proc/" + std::to_string(atoi(pid.c_str())) + "/exe").c_str(), &theirs) == 0 &&
         ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

std::string own_text() {
  return std::to_string(getpid()) + "\n";
}

void tell_failure(const PidFile &file) {
  uwsgi_log("error: pid file %s: %s (correct --%s, or its folder)\n", file.path.c_str(), strerror(errno),
            file.option.c_str());
}

}  // namespace

void add_pidfile(char *name, char *path, void *moment) {
  std::string full = *path == '/' ? path : std::string(uwsgi.cwd) + "/" + path;
  if (!strcmp(name, "pidfile")) uwsgi.pidfile = uwsgi_str(full.c_str());
  files().push_back({name, full, static_cast<Moment>(reinterpret_cast<intptr_t>(moment))});
}

void write_pidfiles(Moment moment) {
  if (uwsgi_generation() < 0 || files().empty()) return;
  // Also of a start that fails later; other processes end by _exit(2), and have other pids.
  [[maybe_unused]] static const int registered = atexit(remove_pidfiles);
  for (PidFile &file : files()) {
    if (file.moment == moment && uwsgi_generation() == 0) file.before = contents(file.path);
    // A reload keeps the pid, and may not have the rights any more.
    if (file.moment != moment || contents(file.path) == own_text() || replace(file.path, own_text()))
      continue;
    tell_failure(file);
    if (moment != Moment::kServing && uwsgi_generation() == 0) exit(kExitNoPerm);
  }
}

void check_pidfiles() {
  if (uwsgi_generation() != 0) return;
  for (const PidFile &file : files()) {
    if (file.moment != Moment::kServing || can_be_replaced(file.path)) continue;
    tell_failure(file);
    exit(kExitNoPerm);
  }
}

bool any_pidfile() {
  return !files().empty();
}

void rewrite_pidfiles() {
  for (const PidFile &file : files()) {
    if (replace(file.path, own_text()))
      uwsgi_log("pid file %s written\n", file.path.c_str());
    else
      tell_failure(file);
  }
}

void remove_pidfiles() {
  for (const PidFile &file : files()) {
    if (contents(file.path) != own_text()) continue;
    if (is_server(file.before))
      replace(file.path, file.before);  // it still runs; this one had its configuration
    else if (uwsgi.vacuum)
      unlink(file.path.c_str());
  }
}

}  // namespace mortise::background
