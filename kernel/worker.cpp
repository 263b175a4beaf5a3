#include "kernel/worker.h"

#include <sys/prctl.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "kernel/core_loop.h"
#include "kernel/handover.h"
#include "kernel/log.h"
#include "kernel/plugin_registry.h"
#include "kernel/scoreboard.h"
#include "kernel/state.h"
#include "kernel/worker_loop.h"
#include "sdk/runtime/user_signals.h"

namespace mortise {

namespace {

// Core 0 is the main thread. Signals are not blocked in the others: a program that a hook starts would
// inherit that, and the handlers (kernel/signals.h) may run in any thread.
template <typename Body>
void run_cores(Body body) {
  std::vector<std::thread> threads;
  for (int core = 1; core < uwsgi.threads; ++core) {
    try {
      threads.emplace_back([body, core] {
        prctl(PR_SET_NAME, ("core " + std::to_string(core)).c_str());  // for top and gdb
        call_hooks(Tables::kRequestFirst, &uwsgi_plugin::init_thread, "init_thread", core);
        body(core);
      });
    } catch (const std::system_error &error) {
      log_error("worker %d: start thread %d of %d: %s (the worker goes on with fewer; lower --threads)",
                uwsgi.mywid, core + 1, uwsgi.threads, error.what());
      break;
    }
  }
  body(0);
  for (std::thread &thread : threads) thread.join();
}

// Of two with one name that of the plugin loaded last: a user's `gevent` instead of ours.
const uwsgi_loop *chosen_loop() {
  const uwsgi_loop *chosen = nullptr;
  for (const uwsgi_loop &loop : registries().loops)
    if (uwsgi.loop && strcmp(loop.name, uwsgi.loop) == 0) chosen = &loop;
  return chosen;
}

void begin_to_accept() {
  uwsgi.workers[uwsgi.mywid].delta_requests = 0;
  uwsgi_process_ready();
  uwsgi.workers[uwsgi.mywid].accepting = 1;
  call_hooks(Tables::kRequestFirst, &uwsgi_plugin::hijack_worker, "hijack_worker");
}

std::atomic<bool> engine_ended = false;

// How an engine learns that its worker is to stop: by SIGHUP where it handles that itself (one of Python must
// not be called from another thread), by its gbcw_hook otherwise, and by manage_next_request. An engine that
// looks at none of these is ended when no request is left.
void tell_engine_to_stop(void (*usual_hangup)(int)) {
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  uwsgi_worker &worker = uwsgi.workers[uwsgi.mywid];
  if (hangup.sa_handler != usual_hangup) {
    kill(getpid(), SIGHUP);
  } else if (uwsgi.gbcw_hook) {
    uwsgi.gbcw_hook();
  }
  __atomic_store_n(&worker.manage_next_request, 0, __ATOMIC_RELAXED);
  if (hangup.sa_handler != usual_hangup || uwsgi.gbcw_hook) return;
  constexpr int kTurnMs = 100, kIdleTurns = 20;
  for (int idle = 0; idle < kIdleTurns; poll(nullptr, 0, kTurnMs)) {
    if (engine_ended.load()) return;
    bool busy = false;
    for (int core = 0; core < uwsgi.cores; ++core)
      busy |= __atomic_load_n(&worker.cores[core].in_request, __ATOMIC_RELAXED) != 0;
    idle = busy ? 0 : idle + 1;
  }
  uwsgi_exit(0);
}

void run_engine(const uwsgi_loop &engine) {
  uwsgi.workers[uwsgi.mywid].manage_next_request = 1;
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  std::thread([usual = hangup.sa_handler] {
    while (uwsgi_waitfd_event(uwsgi_stop_fd(), -1, POLLIN) <= 0) continue;
    tell_engine_to_stop(usual);
  }).detach();
  begin_to_accept();
  engine.loop();
  engine_ended.store(true);
}

// Until the worker is told to stop and its requests are done.
Result<void> serve() {
  if (const uwsgi_loop *engine = chosen_loop()) {
    run_engine(*engine);
  } else if (uwsgi.loop && strcmp(uwsgi.loop, "simple") != 0) {
    return Error{std::string("run the loop engine '") + uwsgi.loop + "'", "no plugin that is loaded has it",
                 "add --plugin NAME, or leave out --loop", kExitUsage};
  } else {
    auto loop = WorkerLoop::create(uwsgi.threads);
    if (!loop) return loop.error();
    begin_to_accept();
    run_cores([&](int core) { CoreLoop(**loop, core).run(); });
  }
  uwsgi.workers[uwsgi.mywid].accepting = 0;
  return {};
}

}  // namespace

void load_applications() {
  call_hooks(Tables::kRequestOnly, &uwsgi_plugin::preinit_apps, "preinit_apps");
  call_hooks(Tables::kRequestFirst, &uwsgi_plugin::init_apps, "init_apps");
  call_hooks(Tables::kRequestFirst, &uwsgi_plugin::postinit_apps, "postinit_apps");
}

void run_exit_hooks() {
  static std::atomic<bool> done = false;  // a core may exit while the main thread ends
  if (uwsgi.skip_atexit || done.exchange(true)) return;
  call_hooks(Tables::kRequestFirst, &uwsgi_plugin::atexit, "atexit");
}

int run_worker(int wid) {
  uwsgi.mywid = wid;
  uwsgi.mypid = getpid();
  if (auto done = own_bank(wid); !done) return log_error(done.error()), done.error().exit_code;
  adopt_user_signals(wid);
  call_hooks(Tables::kRequestOnly, &uwsgi_plugin::master_fixup, "master_fixup", 1);
  call_hooks(Tables::kRequestFirst, &uwsgi_plugin::post_fork, "post_fork");
  if (uwsgi.lazy_apps) load_applications();
  if (handover().trial) return kExitOk;
  record_start(wid, uwsgi.mypid);
  for (uwsgi_plugin *plugin : loaded_plugins())
    if (plugin->worker) {
      uwsgi_process_ready();
      if (plugin->worker() != 0) return kExitOk;  // the plugin did the worker's work
    }
  call_hooks(Tables::kRequestFirst, &uwsgi_plugin::fixup, "fixup");
  if (auto served = serve(); !served) {
    log_error(served.error());
    return served.error().exit_code;
  }
  if (uwsgi.gbcw_hook && !chosen_loop()) uwsgi.gbcw_hook();  // an engine's was called to stop it
  run_exit_hooks();
  return kExitOk;
}

}  // namespace mortise

extern "C" void uwsgi_loop_cores_run(void *(*func)(void *)) {
  mortise::run_cores([func](int core) { func(reinterpret_cast<void *>(intptr_t{core})); });
}
