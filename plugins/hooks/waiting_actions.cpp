// Actions wait_for_…: until something is there, `what[ seconds]` (by default 60), and fail when it does not
// come.
#include "actions.h"

namespace mortise::hooks {

int waiting_seconds = 60;

bool is_mount_point(const char *path) {
  struct stat here {
  }, above{};
  std::string parent = std::string(path) + "/..";
  return stat(path, &here) == 0 && stat(parent.c_str(), &above) == 0 &&
         (here.st_dev != above.st_dev || here.st_ino == above.st_ino);
}

namespace {

constexpr int kStepUs = 50'000;

template <bool (*kThere)(const char *)>
int wait_for(char *args) {
  auto words = split_words(args, 2);
  if (words.empty()) return -1;
  int seconds = words.size() > 1 ? atoi(words[1].c_str()) : waiting_seconds;
  uint64_t deadline = uwsgi_monotonic_micros() + static_cast<uint64_t>(seconds) * 1'000'000;
  if (!kThere(words[0].c_str())) uwsgi_log_verbose("waiting for %s\n", words[0].c_str());
  while (!kThere(words[0].c_str())) {
    if (uwsgi_monotonic_micros() >= deadline) {
      uwsgi_log("hook: %s did not come within %d s\n", words[0].c_str(), seconds);
      return -1;
    }
    usleep(kStepUs);
  }
  return 0;
}

bool exists(const char *path) {
  return access(path, F_OK) == 0;
}
template <mode_t kType>
bool is_a(const char *path) {
  struct stat info {};
  return stat(path, &info) == 0 && (info.st_mode & S_IFMT) == kType;
}
bool interface_exists(const char *name) {
  return if_nametoindex(name) != 0;
}
bool accepts(const char *address) {
  int fd = uwsgi_connect(address, 1, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
}  // namespace

void add_waiting_actions() {
  add_action("wait_for_fs", wait_for<exists>, true);
  add_action("wait_for_file", wait_for<is_a<S_IFREG>>, true);
  add_action("wait_for_dir", wait_for<is_a<S_IFDIR>>, true);
  add_action("wait_for_iface", wait_for<interface_exists>, true);
  add_action("wait_for_interface", wait_for<interface_exists>, true);
  add_action("wait_for_socket", wait_for<accepts>, true);
  add_action("wait_for_mountpoint", wait_for<is_mount_point>, true);
}

}  // namespace mortise::hooks
