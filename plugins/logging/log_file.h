// One log file: opened for appending, rotated when it is large, opened anew on request. Says whether a line
// was written; who counts losses is deliver.h.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "owner.h"

namespace mortise::logging {

struct LogFileOptions {
  std::string path;
  std::string backup_name;  // empty: path.SECONDS
  uint64_t max_size = 0;    // 0: never rotated by itself
  bool truncate = false;
  int mode = -1;      // of the file; -1: 0640 less the umask
  std::string owner;  // user[:group]
};

class LogFile {
 public:
  explicit LogFile(LogFileOptions options) : options_(std::move(options)) {}

  // False and errno. Tried again with each line until it succeeds.
  bool open();
  bool append(std::string_view text);
  void reopen();
  bool rotate();
  int fd() const { return fd_.get(); }
  const std::string &path() const { return options_.path; }

 private:
  Fd open_or_make() const;

  LogFileOptions options_;
  Fd fd_;
  uint64_t size_ = 0;
  bool opened_once_ = false;
};

// Mode and owner of a file: what option values "640" and "user:group" say. False and errno; a wrong value is
// EINVAL.
bool set_mode(int fd, const char *octal);
bool set_owner(int fd, const char *user_and_group);

// To --uid and --gid, while the server is root still. False and errno.
bool give_to_user_of_server(int fd);

}  // namespace mortise::logging
