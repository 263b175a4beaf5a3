#include "touch.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>
#include <mortise/mules.h>

#include <string>
#include <vector>

namespace mortise::control {

namespace {

constexpr uint64_t kLookEveryUs = 200'000;

struct Stamp {
  timespec changed{};
  ino_t inode = 0;
  bool operator==(const Stamp &other) const {
    return inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};

struct Touched {
  std::string path;
  bool (*act)();
  Stamp seen;
};

std::vector<Touched> &files() {
  static std::vector<Touched> list;
  return list;
}

Stamp stamp_of(const std::string &path) {
  struct stat status {};
  return stat(path.c_str(), &status) ? Stamp{} : Stamp{status.st_mtim, status.st_ino};
}

}  // namespace

void add_touch(char *, char *path, void *what) {
  files().push_back({path, reinterpret_cast<bool (*)()>(what), stamp_of(path)});
}

bool reload_all() {
  uwsgi_reload_server();
  return true;
}

bool replace_workers() {
  uwsgi_replace_worker(0);
  return true;
}

// They finish what they are at, end, and are started again. Each tells its pid itself, soon after the fork.
bool replace_mules() {
  for (int i = 0; i < uwsgi.mules_cnt; ++i)
    if (uwsgi.mules[i].pid <= 0) return false;
  for (int i = 0; i < uwsgi.mules_cnt; ++i) kill(uwsgi.mules[i].pid, SIGTERM);
  return true;
}

bool replace_spoolers() {
  for (const uwsgi_spooler *spooler = uwsgi.spoolers; spooler; spooler = spooler->next)
    if (spooler->pid <= 0) return false;
  for (const uwsgi_spooler *spooler = uwsgi.spoolers; spooler; spooler = spooler->next)
    kill(spooler->pid, SIGTERM);
  return true;
}

void look_at_touched_files() {
  static uint64_t looked_us = 0;
  uint64_t now_us = uwsgi_monotonic_micros();
  if (now_us - looked_us < kLookEveryUs) return;
  looked_us = now_us;
  for (Touched &file : files()) {
    Stamp now = stamp_of(file.path);
    if (now == file.seen) continue;
    if (now.inode != 0) {  // else gone: it will come back, changed
      if (!file.act()) continue;
      uwsgi_log("%s was touched\n", file.path.c_str());
    }
    file.seen = now;
  }
}

}  // namespace mortise::control
