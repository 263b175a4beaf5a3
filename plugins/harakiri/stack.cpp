#include "stack.h"

#include <uwsgi.h>

#include <execinfo.h>
#include <sys/syscall.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "options.h"

namespace mortise::harakiri {

namespace {

const int kSignal = SIGRTMAX - 3;  // nobody uses it: languages have their own for such things
constexpr int kFrames = 64;
constexpr int kAnswerMs = 300;  // a thread that is stuck in the system does not answer

std::vector<void (*)(int)> &dumpers() {
  static std::vector<void (*)(int)> list;
  return list;
}
std::atomic<int> answered{0};
std::atomic<bool> with_languages{false}, asked_for_request{false};
std::atomic<wsgi_request *> told_request{nullptr};

void write_async_safe(const char *text) {
  [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
}

void on_signal(int) {
  if (asked_for_request.exchange(false)) {
    told_request = current_wsgi_req();
    answered.fetch_add(1);
    return;
  }
  int saved = errno;
  void *frames[kFrames];
  int count = backtrace(frames, kFrames);
  write_async_safe("  C stack:\n");
  constexpr int kOwnFrames = 2;  // this handler and what called it
  if (count > kOwnFrames) backtrace_symbols_fd(frames + kOwnFrames, count - kOwnFrames, STDERR_FILENO);
  if (with_languages.exchange(false))
    for (auto *dump : dumpers()) dump(STDERR_FILENO);
  answered.fetch_add(1);
  errno = saved;
}

std::string file_text(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

struct Thread {
  pid_t id;
  std::string name;
};

std::vector<Thread> threads() {
  std::vector<Thread> all;
  std::error_code error;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/task", error))
    all.push_back({atoi(entry.path().filename().c_str()), file_text(entry.path() / "comm")});
  return all;
}

// Whether the thread ran the handler.
bool ask(const Thread &thread) {
  int before = answered;
  if (syscall(SYS_tgkill, getpid(), thread.id, kSignal)) return false;
  for (int waited = 0; answered == before && waited < kAnswerMs; ++waited) poll(nullptr, 0, 1);
  return answered != before;
}

bool runs_core(const Thread &thread, int core) {
  // The server names its threads; the first one, which other loops do all in, has the number of the process.
  return core == 0 || uwsgi.loop ? thread.id == getpid() : thread.name == "core " + std::to_string(core);
}

void dump_thread(const Thread &thread) {
  std::string folder = "/proc/self/task/" + std::to_string(thread.id) + "/";
  if (options.verbose)
    uwsgi_log("  thread %d (%s) waits in %s, system call %s\n", thread.id, thread.name.c_str(),
              file_text(folder + "wchan").c_str(), file_text(folder + "syscall").c_str());
  if (!ask(thread)) uwsgi_log("  thread %d is stuck in the system and cannot tell its stack\n", thread.id);
}

}  // namespace

void prepare_stacks() {
  void *frames[1];
  backtrace(frames, 1);  // loads what it needs: not in a handler
  dumpers();             // is made, likewise
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(kSignal, &action, nullptr);
}

wsgi_request *request_of(int core) {
  told_request = nullptr;
  asked_for_request = true;
  for (const Thread &thread : threads())
    if (runs_core(thread, core)) ask(thread);
  asked_for_request = false;
  wsgi_request *request = told_request;
  return request && request->async_id == core ? request : nullptr;
}

void dump_stack(int core) {
  with_languages = true;
  for (const Thread &thread : threads())
    if (runs_core(thread, core)) dump_thread(thread);
  const auto own = static_cast<pid_t>(syscall(SYS_gettid));
  for (const Thread &thread : threads())
    if (options.verbose && thread.id != own && !runs_core(thread, core)) dump_thread(thread);
}

}  // namespace mortise::harakiri

// For reports of crashes (plugin crash). [signal handlers]
extern "C" __attribute__((visibility("default"))) void uwsgi_dump_language_stacks(int fd) {
  for (auto *dump : mortise::harakiri::dumpers()) dump(fd);
}

extern "C" __attribute__((visibility("default"))) int uwsgi_register_stack_dumper(void (*dump)(int fd)) {
  mortise::harakiri::dumpers().push_back(dump);
  return 0;
}
