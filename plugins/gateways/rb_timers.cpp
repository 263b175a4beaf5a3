// Timers in order of their value. The tree is the standard library's; the published nodes are its payload.
#include <uwsgi.h>

#include <map>
#include <new>

namespace {

struct Tree : uwsgi_rbtree {
  std::multimap<uint64_t, uwsgi_rb_timer *> timers;
};

// malloc'ed: the caller free()s it after it was taken out.
struct Timer : uwsgi_rb_timer {
  std::multimap<uint64_t, uwsgi_rb_timer *>::iterator place;
};

}  // namespace

extern "C" {

uwsgi_rbtree *uwsgi_init_rb_timer() {
  return new Tree{};
}

uwsgi_rb_timer *uwsgi_add_rb_timer(uwsgi_rbtree *tree, uint64_t value, void *data) {
  auto *timer = new (uwsgi_malloc(sizeof(Timer))) Timer{};
  timer->value = value;
  timer->data = data;
  timer->place = static_cast<Tree *>(tree)->timers.emplace(value, timer);
  return timer;
}

uwsgi_rb_timer *uwsgi_min_rb_timer(uwsgi_rbtree *tree, uwsgi_rb_timer *) {
  const auto &timers = static_cast<Tree *>(tree)->timers;
  return timers.empty() ? nullptr : timers.begin()->second;
}

void uwsgi_del_rb_timer(uwsgi_rbtree *tree, uwsgi_rb_timer *timer) {
  static_cast<Tree *>(tree)->timers.erase(static_cast<Timer *>(timer)->place);
}

}  // extern "C"
