#include "folder.h"

#include <uwsgi.h>

#include <algorithm>
#include <atomic>

namespace mortise::spooler {

namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

struct Entry {
  Waiting waiting;
  timespec time;
};

bool earlier(const Entry &a, const Entry &b) {
  if (a.time.tv_sec != b.time.tv_sec) return a.time.tv_sec < b.time.tv_sec;
  if (a.time.tv_nsec != b.time.tv_nsec) return a.time.tv_nsec < b.time.tv_nsec;
  return a.waiting.name < b.waiting.name;
}

bool is_number(std::string_view name) {
  return !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == name.npos;
}

// The tasks that lie in one folder, and the priorities that it has.
void scan(const std::string &folder, int64_t now, Listing *listing, std::vector<long> *priorities) {
  DIR *open = opendir(folder.c_str());
  if (!open) return;
  std::vector<Entry> entries;
  while (const dirent *entry = readdir(open)) {
    const std::string name = entry->d_name, path = folder + "/" + name;
    if (priorities && is_number(name)) priorities->push_back(std::stol(name));
    struct stat info {};
    if (!name.starts_with(kNamePrefix) || lstat(path.c_str(), &info) || !S_ISREG(info.st_mode)) continue;
    if (info.st_mtime <= now) {
      entries.push_back({{path, name}, info.st_mtim});
    } else if (!listing->next_at || info.st_mtime < listing->next_at) {
      listing->next_at = info.st_mtime;
    }
  }
  closedir(open);
  std::sort(entries.begin(), entries.end(), earlier);
  for (Entry &entry : entries) listing->due.push_back(std::move(entry.waiting));
}

std::optional<std::string> read_rest(int fd) {
  std::string bytes;
  char block[65536];
  for (;;) {
    const ssize_t got = read(fd, block, sizeof block);
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) return std::nullopt;
    if (got > 0) bytes.append(block, static_cast<size_t>(got));
  }
}

}  // namespace

std::optional<std::string> store_task(const std::string &folder, const std::string &host,
                                      const TaskOrders &orders, std::string_view pairs,
                                      std::string_view body) {
  static std::atomic<uint64_t> number = 0;
  std::string place = folder;
  if (!orders.priority.empty()) {
    place += "/" + orders.priority;
    if (mkdir(place.c_str(), 0777) && errno != EEXIST) return std::nullopt;
  }
  const std::string path = place + "/" + make_name(host, getpid(), ++number, uwsgi_micros());
  // Under its name only when it is whole and has its time: no spooler reads half of it.
  const std::string draft = place + "/.new_" + path.substr(place.size() + 1);
  const int fd = open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return std::nullopt;
  const timespec times[2] = {{orders.at, 0}, {orders.at, 0}};
  const bool good = write_all(fd, pack_task(pairs, body)) && (!orders.at || !futimens(fd, times)) &&
                    !rename(draft.c_str(), path.c_str());
  const int why = errno;
  close(fd);
  if (good) return path;
  unlink(draft.c_str());
  errno = why;
  return std::nullopt;
}

Listing list_tasks(const std::string &folder, int64_t now) {
  Listing listing, without_priority;
  std::vector<long> priorities;
  scan(folder, now, &without_priority, &priorities);
  std::sort(priorities.begin(), priorities.end());
  listing.next_at = without_priority.next_at;
  for (const long priority : priorities)
    scan(folder + "/" + std::to_string(priority), now, &listing, nullptr);
  listing.due.insert(listing.due.end(), without_priority.due.begin(), without_priority.due.end());
  return listing;
}

std::optional<TakenTask> TakenTask::take(const Waiting &waiting, bool *broken) {
  *broken = false;
  TakenTask taken(open(waiting.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  // Whoever had the lock before may be done with it.
  if (taken.fd_ < 0 || lockf(taken.fd_, F_TLOCK, 0) || fstat(taken.fd_, &info) || info.st_nlink == 0)
    return std::nullopt;
  const auto bytes = read_rest(taken.fd_);
  auto task = bytes ? parse_task(*bytes) : std::nullopt;
  *broken = bytes && !task;
  if (!task) return std::nullopt;
  taken.task = std::move(*task);
  return taken;
}

TakenTask::~TakenTask() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace mortise::spooler
