#include "log_file.h"

#include <uwsgi.h>

#include <optional>

namespace mortise::logging {

namespace {

template <typename Id, typename Entry>
std::optional<Id> id_of(const std::string &name, Entry *(*find)(const char *), Id Entry::*member) {
  char *end = nullptr;
  unsigned long number = strtoul(name.c_str(), &end, 10);
  if (!name.empty() && *end == '\0') return static_cast<Id>(number);
  Entry *entry = find(name.c_str());
  if (!entry) return std::nullopt;
  return entry->*member;
}

}  // namespace

bool set_mode(int fd, const char *octal) {
  char *end = nullptr;
  unsigned long mode = strtoul(octal, &end, 8);
  if (*octal == '\0' || *end != '\0' || mode > 07777) return errno = EINVAL, false;
  return fchmod(fd, static_cast<mode_t>(mode)) == 0;
}

bool set_owner(int fd, const char *user_and_group) {
  std::string text = user_and_group;
  size_t colon = text.find(':');
  std::string group_name = colon == text.npos ? "" : text.substr(colon + 1);
  auto user = id_of<uid_t>(text.substr(0, colon), getpwnam, &passwd::pw_uid);
  auto group =
      group_name.empty() ? static_cast<gid_t>(-1) : id_of<gid_t>(group_name, getgrnam, &::group::gr_gid);
  if (!user || !group) return errno = EINVAL, false;
  return fchown(fd, *user, *group) == 0;
}

bool give_to_user_of_server(int fd) {
  const char *user = uwsgi_option_value("uid"), *group = uwsgi_option_value("gid");
  if (geteuid() != 0 || !user) return true;
  return set_owner(fd, (std::string(user) + ":" + (group ? group : "")).c_str());
}

// A file that root makes belongs to the user that the server becomes, who has to open it again in a reload.
// One that was there is left alone: in a folder of that user it may be a link to anything.
Fd LogFile::open_or_make() const {
  const int truncate = options_.truncate && !opened_once_ ? O_TRUNC : 0;
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  Fd made(::open(options_.path.c_str(), flags | O_EXCL, 0640));
  if (!made) return Fd(::open(options_.path.c_str(), flags | truncate, 0640));
  if (!give_to_user_of_server(made.get()))
    uwsgi_log("log file %s: chown: %s\n", path().c_str(), strerror(errno));
  return made;
}

bool LogFile::open() {
  Fd fresh = open_or_make();
  if (!fresh) return false;  // what is open stays so
  fd_ = std::move(fresh);
  opened_once_ = true;
  if (options_.mode >= 0 && fchmod(fd_.get(), static_cast<mode_t>(options_.mode)))
    uwsgi_log("log file %s: chmod: %s\n", path().c_str(), strerror(errno));
  if (!options_.owner.empty() && !set_owner(fd_.get(), options_.owner.c_str()))
    uwsgi_log("log file %s: chown %s: %s\n", path().c_str(), options_.owner.c_str(), strerror(errno));
  struct stat info {};
  size_ = fstat(fd_.get(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  return true;
}

bool LogFile::append(std::string_view text) {
  if (!fd_ && !open()) return false;
  ssize_t written = write(fd_.get(), text.data(), text.size());
  if (written < 0) return false;
  size_ += static_cast<uint64_t>(written);
  if (options_.max_size > 0 && size_ > options_.max_size) rotate();
  return static_cast<size_t>(written) == text.size();
}

void LogFile::reopen() {
  if (!open()) uwsgi_log("log file %s: %s (the one that is open goes on)\n", path().c_str(), strerror(errno));
}

bool LogFile::rotate() {
  std::string backup =
      options_.backup_name.empty() ? path() + "." + std::to_string(time(nullptr)) : options_.backup_name;
  bool moved = rename(path().c_str(), backup.c_str()) == 0;
  if (!moved) uwsgi_log("log file %s: rename to %s: %s\n", path().c_str(), backup.c_str(), strerror(errno));
  reopen();
  if (!moved) size_ = 0;  // try again after as many bytes, not with each line
  return moved;
}

}  // namespace mortise::logging

extern "C" int uwsgi_log_do_rotate(const char *path, const char *rotated, off_t size, int fd) {
  std::string backup =
      rotated && *rotated ? rotated : std::string(path) + "." + std::to_string(time(nullptr));
  uwsgi_log("log file %s has %lld bytes: moved to %s\n", path, static_cast<long long>(size), backup.c_str());
  int fresh = -1;
  if (rename(path, backup.c_str()) == 0) fresh = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fresh < 0) {
    uwsgi_log("log file %s: %s (it goes on growing)\n", path, strerror(errno));
    return -1;
  }
  int done = dup3(fresh, fd, O_CLOEXEC) < 0 ? -1 : 0;
  close(fresh);
  return done;
}
