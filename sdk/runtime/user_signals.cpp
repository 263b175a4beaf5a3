#include "sdk/runtime/user_signals.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "kernel/log.h"
#include "kernel/plugin_registry.h"

namespace mortise {

namespace {

enum class Receiver : uint8_t { kNone, kAnyWorker, kEachWorker, kOneWorker, kProvided };

// One per signal number, in shared memory: written when a process registers, read by all.
struct SharedEntry {
  std::atomic<Receiver> receiver;
  std::atomic<uint8_t> modifier1;
  std::atomic<uint8_t> provider;
  std::atomic<uint16_t> wid;  // or the provider's number
};
SharedEntry *shared_entries = nullptr;

struct ReceiverProvider {
  int (*resolve)(const char *name);
  int (*send)(int receiver, uint8_t signum);
};
std::array<ReceiverProvider, 8> providers{};
uint8_t providers_used = 0;

// This process' handlers.
std::array<std::atomic<void *>, 256> handlers{};

bool find_provided(const char *name, uint8_t *provider, uint16_t *number) {
  for (*provider = 0; *provider < providers_used; ++*provider) {
    const int found = providers[*provider].resolve(name);
    if (found < 0) continue;
    *number = static_cast<uint16_t>(found);
    return true;
  }
  return false;
}

bool parse_receiver(std::string_view text, Receiver *receiver, uint16_t *wid) {
  *wid = 0;
  *receiver = Receiver::kAnyWorker;
  if (text.empty() || text == "worker" || text == "worker0") return true;
  *receiver = Receiver::kEachWorker;
  if (text == "workers" || text == "active-workers") return true;
  if (text.substr(0, 6) != "worker") return false;
  size_t number = uwsgi_str_num(text.data() + 6, static_cast<int>(text.size() - 6));
  if (number < 1 || number > static_cast<size_t>(uwsgi.numproc)) return false;
  *receiver = Receiver::kOneWorker;
  *wid = static_cast<uint16_t>(number);
  return true;
}

// Counters in shared memory: any thread of any process may be at them.
void count(uint64_t &counter) {
  std::atomic_ref(counter).fetch_add(1, std::memory_order_relaxed);
}

// Datagrams of one byte: a full queue means that the receivers are far behind, and the signal is dropped and
// counted.
int post(int fd, uint8_t signum) {
  if (send(fd, &signum, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
    count(uwsgi.shared->routed_signals);
    return 0;
  }
  count(uwsgi.shared->unrouted_signals);
  log_warning("signal %d not delivered: %s (its receivers are busy; it is dropped)", signum, strerror(errno));
  return -1;
}

}  // namespace

Result<void> create_user_signals() {
  shared_entries = static_cast<SharedEntry *>(uwsgi_calloc_shared(sizeof(SharedEntry) * 256));
  constexpr int kType = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (socketpair(AF_UNIX, kType, 0, uwsgi.shared->worker_signal_pipe))
    return system_error("create the workers' signal socket", errno, {}, kExitSystem);
  for (int wid = 1; wid <= uwsgi.numproc; ++wid)
    if (socketpair(AF_UNIX, kType, 0, uwsgi.workers[wid].signal_pipe))
      return system_error("create a worker's signal socket", errno, {}, kExitSystem);
  uwsgi.signal_socket = uwsgi.my_signal_socket = -1;
  return {};
}

void adopt_user_signals(int wid) {
  uwsgi.signal_socket = uwsgi.shared->worker_signal_pipe[1];
  uwsgi.my_signal_socket = uwsgi.workers[wid].signal_pipe[1];
}

}  // namespace mortise

using namespace mortise;

extern "C" {

int uwsgi_register_signal(uint8_t signum, const char *receiver, void *handler, uint8_t modifier1) {
  Receiver kind = Receiver::kNone;
  uint16_t wid = 0;
  uint8_t provider = 0;
  if (!receiver) receiver = "";
  if (find_provided(receiver, &provider, &wid)) kind = Receiver::kProvided;
  if (!shared_entries || (kind == Receiver::kNone && !parse_receiver(receiver, &kind, &wid))) {
    log_error("signal %d not registered: no receiver '%s' (use worker, workers or worker1 to worker%d)",
              signum, receiver, uwsgi.numproc);
    return -1;
  }
  handlers[signum].store(handler, std::memory_order_release);
  SharedEntry &entry = shared_entries[signum];
  entry.modifier1.store(modifier1, std::memory_order_relaxed);
  entry.wid.store(wid, std::memory_order_relaxed);
  entry.provider.store(provider, std::memory_order_relaxed);
  entry.receiver.store(kind, std::memory_order_release);
  return 0;
}

int uwsgi_register_signal_receiver(int (*resolve)(const char *), int (*send)(int, uint8_t)) {
  if (providers_used == providers.size()) return -1;
  providers[providers_used++] = {resolve, send};
  return 0;
}

int uwsgi_signal_registered(uint8_t signum) {
  return shared_entries && shared_entries[signum].receiver.load(std::memory_order_acquire) != Receiver::kNone;
}

int uwsgi_signal_send(int, uint8_t signum) {
  if (!shared_entries) return -1;
  const SharedEntry &entry = shared_entries[signum];
  int result = 0;
  switch (entry.receiver.load(std::memory_order_acquire)) {
    case Receiver::kNone:
      count(uwsgi.shared->unrouted_signals);
      return -1;
    case Receiver::kAnyWorker:
      return post(uwsgi.shared->worker_signal_pipe[0], signum);
    case Receiver::kOneWorker:
      return post(uwsgi.workers[entry.wid.load(std::memory_order_relaxed)].signal_pipe[0], signum);
    case Receiver::kProvided:
      result = providers[entry.provider.load(std::memory_order_relaxed)].send(
          entry.wid.load(std::memory_order_relaxed), signum);
      count(result ? uwsgi.shared->unrouted_signals : uwsgi.shared->routed_signals);
      return result;
    case Receiver::kEachWorker:
      for (int wid = 1; wid <= uwsgi.numproc; ++wid)
        if (uwsgi.workers[wid].pid > 0 && post(uwsgi.workers[wid].signal_pipe[0], signum)) result = -1;
      return result;
  }
  return -1;
}

int uwsgi_receive_signal(int fd, const char *name, int id) {
  uint8_t signum = 0;
  if (recv(fd, &signum, 1, MSG_DONTWAIT) != 1) return -1;
  const SharedEntry &entry = shared_entries[signum];
  void *handler = handlers[signum].load(std::memory_order_acquire);
  uwsgi_plugin *plugin = uwsgi.p[entry.modifier1.load(std::memory_order_relaxed)];
  if (!handler || !plugin->signal_handler) {
    log_warning(
        "%s %d got signal %d but registered no handler for it (register it where every worker runs it)", name,
        id, signum);
    return -1;
  }
  count(uwsgi.workers[uwsgi.mywid].signals);
  try {
    return plugin->signal_handler(signum, handler);
  } catch (...) {
    log_hook_exception(plugin->name, "signal_handler");
    return -1;
  }
}

}  // extern "C"
