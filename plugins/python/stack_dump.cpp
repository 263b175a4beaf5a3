#include "stack_dump.h"

#include "interpreter.h"
#include "options.h"

#include <uwsgi.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

// What the module faulthandler calls in its signal handlers; exported by every libpython since 3.4, without a
// public declaration.
extern "C" const char *_Py_DumpTracebackThreads(int fd, PyInterpreterState *interpreter,
                                                PyThreadState *current);

namespace mortise::python {

namespace {

void write_text(int fd, const char *text) {
  [[maybe_unused]] ssize_t ignored = write(fd, text, strlen(text));
}

void answer_connections(int listener) {
  for (;;) {
    int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 && errno != EINTR && errno != ECONNABORTED) return;
    if (fd < 0) continue;
    char head[80];
    snprintf(head, sizeof head, "*** worker %d (pid %d) ***\n", uwsgi.mywid, static_cast<int>(getpid()));
    write_text(fd, head);
    dump_stacks_async_safe(fd);
    close(fd);
  }
}

}  // namespace

void dump_stacks_async_safe(int fd) {
  for (const Interpreter *interpreter : interpreters) {
    if (interpreter->core > 0) write_text(fd, "another interpreter:\n");
    if (const char *error = _Py_DumpTracebackThreads(fd, interpreter->state, nullptr)) write_text(fd, error);
  }
}

void register_stack_dumper() {
  auto *announce =
      reinterpret_cast<int (*)(void (*)(int))>(dlsym(RTLD_DEFAULT, "uwsgi_register_stack_dumper"));
  if (announce) announce(dump_stacks_async_safe);
}

void start_tracebacker() {
  if (!options.tracebacker || uwsgi.mywid == 0) return;
  const std::string path = options.tracebacker + std::to_string(uwsgi.mywid);
  unlink(path.c_str());  // a predecessor's
  int listener = bind_to_unix(path.c_str(), 8, 0, 0);
  if (listener < 0) {
    uwsgi_log("python: py-tracebacker: bind %s: %s (workers go on without)\n", path.c_str(), strerror(errno));
    return;
  }
  uwsgi_socket_b(listener);
  sigset_t all, before;  // signals are for the threads that serve
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(answer_connections, listener).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  uwsgi_log_initial("python: worker %d tells the stacks of its threads on %s\n", uwsgi.mywid, path.c_str());
}

}  // namespace mortise::python
