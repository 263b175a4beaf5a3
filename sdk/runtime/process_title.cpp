// What ps(1) shows of a process: the memory of its command line, which the system reads anew each time.
#include <uwsgi.h>

#include <sys/prctl.h>

#include <algorithm>
#include <cstring>

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
  auto **kept = static_cast<char **>(uwsgi_calloc(sizeof(char *) * (static_cast<size_t>(uwsgi.argc) + 1)));
  for (int i = 0; i < uwsgi.argc; ++i) kept[i] = uwsgi_str(uwsgi.argv[i]);
  uwsgi.argv = kept;
  return room;
}

}  // namespace

extern "C" void uwsgi_set_processname(const char *name) {
  prctl(PR_SET_NAME, name, 0, 0, 0);
  if (uwsgi.argc < 1) return;
  static const Room room = find_room();
  if (room.len < 2) return;
  memset(room.begin, 0, room.len);
  memcpy(room.begin, name, std::min(strlen(name), room.len - 1));
}
