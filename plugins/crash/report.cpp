#include "report.h"

#include <uwsgi.h>

#include <execinfo.h>
#include <mortise/lifecycle.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "code_place.h"
#include "line.h"

namespace mortise::crash {

namespace {

constexpr int kFrames = 64;
constexpr int kOwnFrames = 3;  // this file's, the handler, and the system's return from it
constexpr size_t kMethodBytes = 32, kUriBytes = 1024, kAddressBytes = 64;

void (*dump_languages)(int fd) = nullptr;

void name_process(Line &line) {
  if (getpid() != uwsgi.mypid) line.text("a process that was forked by ");
  if (uwsgi.mywid > 0)
    line.text("worker ").number(static_cast<uint64_t>(uwsgi.mywid));
  else if (uwsgi.muleid > 0)
    line.text("mule ").number(static_cast<uint64_t>(uwsgi.muleid));
  else if (uwsgi.i_am_a_spooler)
    line.text("a spooler");
  else
    line.text(uwsgi_master_pid() == uwsgi.mypid ? "the master" : "a process of the server");
  line.text(" (pid ").number(static_cast<uint64_t>(getpid())).text(")");
}

void name_cause(Line &line, const siginfo_t &info) {
  const char *name = sigabbrev_np(info.si_signo);
  line.text(" crashed: SIG").text(name ? name : "?");
  if (info.si_code > 0)
    line.text(" at address 0x").number(reinterpret_cast<uintptr_t>(info.si_addr), 16);
  else if (info.si_pid != getpid())
    line.text(" sent by process ").number(static_cast<uint64_t>(info.si_pid));
}

const wsgi_request *current_request() {
  return uwsgi.mywid > 0 && uwsgi.current_wsgi_req ? current_wsgi_req() : nullptr;
}

void write_request(const wsgi_request &request) {
  Line line;
  line.text("  it served ").foreign(request.method, request.method_len, kMethodBytes);
  line.text(" ").foreign(request.uri, request.uri_len, kUriBytes).text(" from ");
  if (request.remote_addr_len)
    line.foreign(request.remote_addr, request.remote_addr_len, kAddressBytes);
  else
    line.text("a local client");
  line.text(" on core ").number(static_cast<uint64_t>(request.async_id));
  line.write_async_safe(STDERR_FILENO);
}

void write_place(const Place &place, const wsgi_request *request) {
  Line line;
  if (place.plugin)
    line.text("  in plugin ").text(place.plugin).text(", hook ").text(place.hook);
  else if (request && request->uh && uwsgi.p[request->uh->modifier1])
    line.text("  in the request of plugin ").text(uwsgi.p[request->uh->modifier1]->name);
  else
    return;
  line.write_async_safe(STDERR_FILENO);
}

// Who called a function that is not there, whose frame nobody can read: the return address is where the call
// left it. nullptr where that cannot be read either, or is not known for this machine.
void *caller_of_nothing([[maybe_unused]] void *context) {
  void *caller = nullptr;
#if defined(__x86_64__)
  const auto &registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  iovec to{&caller, sizeof caller}, from{reinterpret_cast<void *>(registers[REG_RSP]), sizeof caller};
  if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != sizeof caller) return nullptr;
#elif defined(__aarch64__)
  caller = reinterpret_cast<void *>(static_cast<ucontext_t *>(context)->uc_mcontext.regs[30]);
#endif
  return caller;
}

}  // namespace

void prepare_report() {
  void *frames[1];
  backtrace(frames, 1);  // loads what it needs: not in a handler
}

void find_languages() {
  dump_languages = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "uwsgi_dump_language_stacks"));
}

// What is surest comes first: each step may crash itself, where memory is damaged.
void write_report_async_safe(const siginfo_t &info, void *context) {
  Line line;
  line.text("error: ");
  name_process(line);
  name_cause(line, info);
  line.write_async_safe(STDERR_FILENO);

  void *frames[kFrames + 1];
  int count = backtrace(frames, kFrames);
  const wsgi_request *request = current_request();
  if (request) write_request(*request);
  if (count <= kOwnFrames + 1)
    if (void *caller = caller_of_nothing(context)) frames[count++] = caller;
  const int skipped = count > kOwnFrames ? kOwnFrames : 0;
  write_place(find_hook_async_safe(frames + skipped, count - skipped), request);
  Line().text("  C stack:").write_async_safe(STDERR_FILENO);
  backtrace_symbols_fd(frames + skipped, count - skipped, STDERR_FILENO);
  if (dump_languages) dump_languages(STDERR_FILENO);
}

}  // namespace mortise::crash
