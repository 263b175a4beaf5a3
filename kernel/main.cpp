// mortise: from its command line to its exit status. The phases are in lifecycle.h, what runs in a worker in
// worker.h.
#include <mortise/embed.h>

#include <dlfcn.h>

#include <utility>

#include "kernel/commands.h"
#include "kernel/configuration.h"
#include "kernel/fd.h"
#include "kernel/handover.h"
#include "kernel/lifecycle.h"
#include "kernel/log.h"
#include "kernel/privileges.h"
#include "kernel/signals.h"
#include "kernel/sockets.h"
#include "kernel/state.h"

namespace {

using mortise::Result;

constexpr Result<void> (*kPhases[])() = {
    mortise::read_configuration,         mortise::apply_configuration,   mortise::prepare_process,
    mortise::create_shared_state,        mortise::start_generic_plugins, mortise::bind_sockets,
    mortise::drop_privileges_once_bound, mortise::start_request_plugins, mortise::preload_applications,
};

int fail(const mortise::Error &error) {
  mortise::log_error(error);
  mortise::unlink_socket_files();
  return error.exit_code;
}

int serve(int argc, char **argv, char **environment) {
  mortise::fill_standard_descriptors();
  mortise::init_state(argc, argv, environment);
  mortise::receive_handover();
  if (auto status = mortise::run_command(argc, argv)) return *status;
  std::string failure;
  for (auto phase : kPhases) {
    auto done = phase();
    if (done) continue;
    if (mortise::handover().processes.empty()) return fail(done.error());
    failure = done.error().message();
    break;
  }
  if (mortise::handover().trial) mortise::run_trial();
  auto status = mortise::supervise(failure);
  return status ? *status : fail(status.error());
}

}  // namespace

extern "C" int uwsgi_init(int argc, char **argv, char **envp) {
  static bool called = false;
  if (std::exchange(called, true))
    return fail({"start the server", "uwsgi_init() was called before in this process",
                 "call it in a process of its own", mortise::kExitUsage});
  // Plugins shall find our functions even if the program opened us with RTLD_LOCAL.
  Dl_info own;
  if (dladdr(reinterpret_cast<void *>(uwsgi_init), &own))
    dlopen(own.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
  int status = serve(argc, argv, envp ? envp : environ);
  mortise::release_master_signals();
  return status;
}

#ifndef MORTISE_NO_MAIN
int main(int argc, char **argv) {
  return serve(argc, argv, environ);
}
#endif
