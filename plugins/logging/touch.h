// Files whose change is a command: a list of paths, looked at when the owner asks.
#pragma once

#include <uwsgi.h>

#include <vector>

namespace mortise::logging {

class TouchedFiles {
 public:
  explicit TouchedFiles(const uwsgi_string_list *paths);
  // Whether one was changed, or came into being, since the last look.
  bool changed();
  bool empty() const { return files_.empty(); }

 private:
  struct File {
    const char *path;
    timespec seen;
  };
  std::vector<File> files_;
};

}  // namespace mortise::logging
