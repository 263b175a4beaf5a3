#include "touch.h"

namespace mortise::logging {

namespace {

timespec changed_at(const char *path) {
  struct stat info {};
  return stat(path, &info) == 0 ? info.st_mtim : timespec{};
}

}  // namespace

TouchedFiles::TouchedFiles(const uwsgi_string_list *paths) {
  for (; paths; paths = paths->next) files_.push_back({paths->value, changed_at(paths->value)});
}

bool TouchedFiles::changed() {
  bool any = false;
  for (File &file : files_) {
    timespec now = changed_at(file.path);
    if (now.tv_sec == file.seen.tv_sec && now.tv_nsec == file.seen.tv_nsec) continue;
    file.seen = now;
    any = any || now.tv_sec != 0;
  }
  return any;
}

}  // namespace mortise::logging
