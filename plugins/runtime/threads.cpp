// Threads with a line to their creator, the section "Threads" of <mortise/api.h>. What a thread needs to
// serve requests is the request loop's.
#include <uwsgi.h>

#include <cstring>
#include <initializer_list>

namespace {

constexpr int kMostWaitMs = 20;

void *run(void *argument) {
  auto *thread = static_cast<uwsgi_thread *>(argument);
  thread->func(thread);
  return nullptr;
}

// Plugins set thread->data when they have the object, and their function relies on it at once.
void *run_late(void *argument) {
  auto *thread = static_cast<uwsgi_thread *>(argument);
  for (int ms = 0; ms < kMostWaitMs && !__atomic_load_n(&thread->data, __ATOMIC_ACQUIRE); ++ms)
    poll(nullptr, 0, 1);
  return run(argument);
}

// Frees what a thread that did not start had already got.
uwsgi_thread *give_up(uwsgi_thread *thread, const char *step, int errnum) {
  uwsgi_log("error: start a thread: %s: %s\n", step, strerror(errnum));
  for (int fd : {thread->pipe[0], thread->pipe[1], thread->queue})
    if (fd >= 0) close(fd);
  free(thread);
  errno = errnum;
  return nullptr;
}

// Signals are the main thread's business; a new thread inherits the mask of the one that starts it.
int start_without_signals(uwsgi_thread *thread, void *(*body)(void *)) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&thread->tattr);
  pthread_attr_setdetachstate(&thread->tattr, PTHREAD_CREATE_DETACHED);
  int errnum = pthread_create(&thread->tid, &thread->tattr, body, thread);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return errnum;
}

uwsgi_thread *start(void (*func)(uwsgi_thread *), void *data, void *(*body)(void *)) {
  if (!func) return nullptr;
  auto *thread = static_cast<uwsgi_thread *>(uwsgi_calloc(sizeof(uwsgi_thread)));
  thread->func = func;
  thread->data = data;
  thread->pipe[0] = thread->pipe[1] = thread->queue = -1;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, thread->pipe))
    return give_up(thread, "socketpair", errno);
  thread->queue = event_queue_init();
  if (thread->queue < 0 || event_queue_add_fd_read(thread->queue, thread->pipe[1]))
    return give_up(thread, "event queue", errno);
  if (int errnum = start_without_signals(thread, body)) return give_up(thread, "pthread_create", errnum);
  return thread;
}

}  // namespace

extern "C" {

uwsgi_thread *uwsgi_thread_new_with_data(void (*func)(uwsgi_thread *), void *data) {
  return start(func, data, run);
}

uwsgi_thread *uwsgi_thread_new(void (*func)(uwsgi_thread *)) {
  return start(func, nullptr, run_late);
}

}  // extern "C"
