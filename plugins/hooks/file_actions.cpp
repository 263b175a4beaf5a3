// Actions on files and folders.
#include <fstream>
#include <thread>

#include "actions.h"

namespace mortise::hooks {

namespace {

using Words = std::vector<std::string>;

int need(const char *action, const char *usage) {
  uwsgi_log("hook: %s needs %s\n", action, usage);
  return -1;
}

int put(const char *action, char *args, int flags, const char *end) {
  Words words = split_words(args, 2);
  if (words.empty()) return need(action, "a file and a text");
  std::string text = (words.size() > 1 ? words[1] : "") + end;
  int fd = open(words[0].c_str(), O_WRONLY | O_CLOEXEC | flags, 0666);
  if (fd < 0) return failed("open", words[0]);
  bool done = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  int result = done ? 0 : failed("write to", words[0]);
  close(fd);
  return result;
}

int write_file(char *args) {
  return put("write", args, O_CREAT | O_TRUNC, "");
}
int write_line(char *args) {
  return put("writen", args, O_CREAT | O_TRUNC, "\n");
}
int append(char *args) {
  return put("append", args, O_CREAT | O_APPEND, "");
}
int append_line(char *args) {
  return put("appendn", args, O_CREAT | O_APPEND, "\n");
}
// Fails where nobody reads, rather than waiting.
int write_fifo(char *args) {
  return put("writefifo", args, O_NONBLOCK, "");
}

// Waits for a reader, in a thread: what an emperor's vassal says to whom it starts.
int spinning_fifo(char *args) {
  std::thread([text = std::string(args)]() mutable {
    Words words = split_words(text, 2);
    for (int turn = 0; !words.empty() && turn < 3600; ++turn) {
      int fd = open(words[0].c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      if (fd >= 0) {
        const std::string &said = words.size() > 1 ? words[1] : words[0];
        if (write(fd, said.data(), said.size()) < 0) failed("write to", words[0]);
        close(fd);
        return;
      }
      usleep(1'000'000);
    }
  }).detach();
  return 0;
}

int touch(char *args) {
  int fd = open(args, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return failed("touch", args);
  int result = futimens(fd, nullptr) ? failed("touch", args) : 0;
  close(fd);
  return result;
}

int create(char *args) {
  int fd = open(args, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return failed("create", args);
  return close(fd);
}

int change_dir(char *args) {
  return chdir(args) ? failed("change to folder", args) : 0;
}
int remove_file(char *args) {
  return unlink(args) ? failed("remove", args) : 0;
}
int make_dir(char *args) {
  Words words = split_words(args, 1);
  if (words.empty()) return need("mkdir", "a path");
  return mkdir(words[0].c_str(), 0777) && errno != EEXIST ? failed("make folder", words[0]) : 0;
}
int remove_dir(char *args) {
  return rmdir(args) ? failed("remove folder", args) : 0;
}

// An action of two paths.
template <int (*kCall)(const char *, const char *)>
int two_paths(char *args) {
  Words words = split_words(args, 2);
  if (words.size() != 2) return need("this action", "two paths");
  return kCall(words[0].c_str(), words[1].c_str()) ? failed("link or rename", words[0] + " to " + words[1])
                                                   : 0;
}

int copy_file(char *args) {
  Words words = split_words(args, 2);
  if (words.size() != 2) return need("copy", "two paths");
  std::ifstream from(words[0], std::ios::binary);
  std::ofstream to(words[1], std::ios::binary | std::ios::trunc);
  if (!from || !to) return failed("copy", words[0] + " to " + words[1]);
  if (from.peek() != EOF) to << from.rdbuf();
  return to.flush() ? 0 : failed("copy", words[0] + " to " + words[1]);
}

int change_mode(char *args) {
  Words words = split_words(args, 2);
  if (words.size() != 2) return need("chmod", "a path and an octal mode");
  // Either way round: both are written in real configurations.
  bool mode_first = words[0].find_first_not_of("01234567") == std::string::npos &&
                    words[1].find_first_not_of("01234567") != std::string::npos;
  const std::string &path = words[mode_first], &mode = words[!mode_first];
  return chmod(path.c_str(), static_cast<mode_t>(strtoul(mode.c_str(), nullptr, 8))) ? failed("chmod", path)
                                                                                     : 0;
}

int set_sticky(char *args) {
  struct stat info {};
  if (stat(args, &info) || chmod(args, info.st_mode | S_ISVTX)) return failed("make sticky", args);
  return 0;
}

uid_t user(const std::string &name) {
  const passwd *entry = getpwnam(name.c_str());
  return entry ? entry->pw_uid : static_cast<uid_t>(atoi(name.c_str()));
}
gid_t group(const std::string &name) {
  const struct group *entry = getgrnam(name.c_str());
  return entry ? entry->gr_gid : static_cast<gid_t>(atoi(name.c_str()));
}

int change_owner(char *args) {
  Words words = split_words(args, 3);
  if (words.size() < 2) return need("chown", "a path, a user and a group");
  // user:group in one word, as chown(1) has it.
  size_t colon = words[1].find(':');
  if (words.size() == 2 && colon != std::string::npos) {
    words.push_back(words[1].substr(colon + 1));
    words[1].resize(colon);
  }
  gid_t gid = words.size() > 2 ? group(words[2]) : static_cast<gid_t>(-1);
  return chown(words[0].c_str(), user(words[1]), gid) ? failed("chown", words[0]) : 0;
}

int change_group(char *args) {
  Words words = split_words(args, 2);
  if (words.size() != 2) return need("chgrp", "a path and a group");
  return chown(words[0].c_str(), static_cast<uid_t>(-1), group(words[1])) ? failed("chgrp", words[0]) : 0;
}

int change_owner_of_user(char *args) {
  return change_owner(args);
}

}  // namespace

void add_file_actions() {
  add_action("cd", change_dir, true);
  add_action("chdir", change_dir, true);
  add_action("write", write_file);
  add_action("writen", write_line);
  add_action("append", append);
  add_action("appendn", append_line);
  add_action("appendtofile", append_line);
  add_action("writefifo", write_fifo);
  add_action("spinningfifo", spinning_fifo);
  add_action("touch", touch);
  add_action("create", create);
  add_action("unlink", remove_file);
  add_action("remove", remove_file);
  add_action("mkdir", make_dir);
  add_action("rmdir", remove_dir);
  add_action("rename", two_paths<rename>);
  add_action("symlink", two_paths<symlink>);
  add_action("hardlink", two_paths<link>);
  add_action("copy", copy_file);
  add_action("chmod", change_mode);
  add_action("sticky", set_sticky);
  add_action("chown", change_owner);
  add_action("chown2", change_owner_of_user);
  add_action("chgrp", change_group);
}

}  // namespace mortise::hooks
