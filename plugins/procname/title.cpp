#include "title.h"

#include <uwsgi.h>

namespace mortise::procname {

namespace {

// The arguments and, where it follows them, the environment; what of that is in use is copied away first.
struct Room {
  char *begin = nullptr;
  size_t len = 0;
};

Room find_room() {
  Room room{uwsgi.argv[0], 0};
  char *end = room.begin;
  for (int i = 0; i < uwsgi.argc; ++i)
    if (uwsgi.argv[i] == end) end += strlen(end) + 1;
  for (int i = 0; environ[i]; ++i) {
    if (environ[i] != end) continue;
    end += strlen(end) + 1;
    environ[i] = uwsgi_str(environ[i]);
  }
  room.len = static_cast<size_t>(end - room.begin);
  static char *kept[4096];
  for (int i = 0; i < uwsgi.argc && i < 4095; ++i) kept[i] = uwsgi_str(uwsgi.argv[i]);
  uwsgi.argv = kept;
  return room;
}

}  // namespace

void set_spaced_prefix(char *, char *value, void *) {
  titles.prefix = uwsgi_concat2(value, " ");
}

void set_title(const std::string &role) {
  const Titles &set = titles;
  const char *all = uwsgi.procname, *of_master = uwsgi.procname_master;
  if (!set.automatic && !all && !of_master && !set.prefix && !set.suffix) return;
  static Room room = find_room();
  bool master = role == "master";
  if (!set.automatic && !all && !(master && of_master) && !set.prefix && !set.suffix) return;
  std::string name = master && of_master ? of_master : all ? all : "mortise " + role;
  name = (set.prefix ? set.prefix : "") + name + (set.suffix ? set.suffix : "");
  if (room.len < 2) return;
  memset(room.begin, 0, room.len);
  memcpy(room.begin, name.data(), std::min(name.size(), room.len - 1));
  uwsgi_set_processname(name.c_str());
}

}  // namespace mortise::procname
