#include "touched.h"

#include <string>
#include <vector>

#include "actions.h"

namespace mortise::hooks {

namespace {

struct Touched {
  std::string path;
  std::string_view kind;
  char *what;
  timespec seen;
};
std::vector<Touched> files;
time_t looked = 0;

timespec changed_at(const std::string &path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mtim : timespec{};
}

void act(const Touched &file) {
  uwsgi_log_verbose("%s was touched: %s %s\n", file.path.c_str(), file.kind.data(), file.what);
  if (file.kind == "signal") {
    uwsgi_signal_send(uwsgi.signal_socket, static_cast<uint8_t>(atoi(file.what)));
  } else if (file.kind == "exec") {
    if (uwsgi_run_command(file.what, nullptr, -1) < 0) failed("start", file.what);
  } else {
    uwsgi_string_list action{};
    action.value = file.what;
    uwsgi_hooks_run(&action, "touch", 0);
  }
}

}  // namespace

void add_touched(char *name, char *value, void *kind) {
  std::vector<std::string> words = split_words(value ? value : "", 2);
  if (words.size() != 2) {
    uwsgi_log("option %s = %s: it needs a path and what is to be done\n", name, value ? value : "");
    uwsgi_exit(1);
  }
  files.push_back(
      {words[0], static_cast<const char *>(kind), uwsgi_str(words[1].c_str()), changed_at(words[0])});
}

void look_at_touched_files() {
  time_t now = uwsgi_now();
  if (now == looked) return;
  looked = now;
  for (Touched &file : files) {
    timespec changed = changed_at(file.path);
    if (changed.tv_sec == file.seen.tv_sec && changed.tv_nsec == file.seen.tv_nsec) continue;
    file.seen = changed;
    if (changed.tv_sec != 0) act(file);
  }
}

}  // namespace mortise::hooks
