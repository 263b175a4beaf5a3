// Locks that workers share, by number.
#include <uwsgi.h>

namespace {

int with_lock(int number, void (*act)(uwsgi_lock_item *)) {
  if (number < 0 || number > uwsgi.locks) return -1;
  act(uwsgi.user_lock[number]);
  return 0;
}

}  // namespace

extern "C" {

int uwsgi_user_lock(int number) {
  return with_lock(number, uwsgi_lock);
}
int uwsgi_user_unlock(int number) {
  return with_lock(number, uwsgi_unlock);
}

}  // extern "C"
