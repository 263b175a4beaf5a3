#include "stack_dump.h"

#include "gil.h"
#include "interpreter.h"
#include "options.h"
#include "traceback.h"

#include <uwsgi.h>

#include <sys/mman.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace mortise::python {

namespace {

// What the module faulthandler calls in its signal handlers. Some versions export it, without a declaration.
using DumpThreads = const char *(int fd, PyInterpreterState *interpreter, PyThreadState *current);
DumpThreads *dump_threads = nullptr;

// Where it is not exported the module is had to write to a file in memory, by a signal to the calling thread.
int memory_fd = -1;
int dump_signal() {
  return SIGRTMAX - 4;
}

void register_with_faulthandler() {
  GilHold gil;
  if (memory_fd >= 0) close(memory_fd);  // the parent's: each process needs its own
  memory_fd = memfd_create("stacks", MFD_CLOEXEC);
  PyRef module(memory_fd >= 0 ? PyImport_ImportModule("faulthandler") : nullptr);
  PyRef function(module ? PyObject_GetAttrString(module.get(), "register") : nullptr);
  PyRef args(Py_BuildValue("(i)", dump_signal()));
  PyRef keywords(
      Py_BuildValue("{s:i,s:O,s:O}", "file", memory_fd, "all_threads", Py_True, "chain", Py_False));
  PyRef done(function && args && keywords ? PyObject_Call(function.get(), args.get(), keywords.get())
                                          : nullptr);
  if (!done) log_exception("python: faulthandler does not work: stacks of threads cannot be told");
}

void dump_with_faulthandler_async_safe(int fd) {
  if (memory_fd < 0 || ftruncate(memory_fd, 0) || lseek(memory_fd, 0, SEEK_SET)) return;
  sigset_t one, before;
  sigemptyset(&one);
  sigaddset(&one, dump_signal());
  pthread_sigmask(SIG_UNBLOCK, &one, &before);
  raise(dump_signal());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  lseek(memory_fd, 0, SEEK_SET);
  char part[4096];
  for (ssize_t len; (len = read(memory_fd, part, sizeof part)) > 0;)
    if (write(fd, part, static_cast<size_t>(len)) < 0) return;
}

void write_text(int fd, const char *text) {
  [[maybe_unused]] ssize_t ignored = write(fd, text, strlen(text));
}

// Frames that move while they are read can crash the reader, so they are read with the GIL: a thread of its
// own asks for it, and does nothing any more when it gets it too late.
struct Turn {
  enum class State { kAsked, kReading, kRead, kTooLate } state = State::kAsked;
  std::mutex mutex;
  std::condition_variable changed;
};

void read_with_gil(const std::shared_ptr<Turn> &turn, int fd) {
  const PyGILState_STATE gil = PyGILState_Ensure();
  std::unique_lock lock(turn->mutex);
  if (turn->state == Turn::State::kAsked) {
    turn->state = Turn::State::kReading;
    lock.unlock();
    dump_stacks_async_safe(fd);
    lock.lock();
    turn->state = Turn::State::kRead;
    turn->changed.notify_one();
  }
  lock.unlock();
  PyGILState_Release(gil);
}

// Without the GIL where whoever has it does not give it away: then its frames do not move.
void tell_stacks(int fd) {
  constexpr std::chrono::milliseconds kPatience{200};  // forty of the interpreter's switch intervals
  auto turn = std::make_shared<Turn>();
  std::thread(read_with_gil, turn, fd).detach();
  std::unique_lock lock(turn->mutex);
  if (turn->changed.wait_for(lock, kPatience, [&] { return turn->state == Turn::State::kRead; })) return;
  if (turn->state == Turn::State::kReading)
    return turn->changed.wait(lock, [&] { return turn->state == Turn::State::kRead; });
  turn->state = Turn::State::kTooLate;
  lock.unlock();
  dump_stacks_async_safe(fd);
}

void answer_connections(int listener) {
  for (;;) {
    int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 && errno != EINTR && errno != ECONNABORTED) return;
    if (fd < 0) continue;
    char head[80];
    snprintf(head, sizeof head, "*** worker %d (pid %d) ***\n", uwsgi.mywid, static_cast<int>(getpid()));
    write_text(fd, head);
    tell_stacks(fd);
    close(fd);
  }
}

}  // namespace

void dump_stacks_async_safe(int fd) {
  if (!dump_threads) return dump_with_faulthandler_async_safe(fd);
  for (const Interpreter *interpreter : interpreters) {
    if (interpreter->core > 0) write_text(fd, "another interpreter:\n");
    if (const char *error = dump_threads(fd, interpreter->state, nullptr)) write_text(fd, error);
  }
}

void prepare_stack_dump() {
  static pid_t prepared = 0;
  if (std::exchange(prepared, getpid()) == getpid()) return;
  if (!dump_threads) register_with_faulthandler();
}

void register_stack_dumper() {
  dump_threads = reinterpret_cast<DumpThreads *>(dlsym(RTLD_DEFAULT, "_Py_DumpTracebackThreads"));
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
