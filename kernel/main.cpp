// mortise: from its command line to its exit status. The phases are in lifecycle.h, what runs in a worker in
// worker.h.
#include "kernel/commands.h"
#include "kernel/configuration.h"
#include "kernel/fd.h"
#include "kernel/lifecycle.h"
#include "kernel/log.h"
#include "kernel/privileges.h"
#include "kernel/sockets.h"
#include "kernel/state.h"

namespace {

using mortise::Result;

constexpr Result<void> (*kPhases[])() = {
    mortise::read_configuration,  mortise::apply_configuration,   mortise::prepare_process,
    mortise::create_shared_state, mortise::start_generic_plugins, mortise::bind_sockets,
    mortise::drop_privileges,     mortise::start_request_plugins, mortise::preload_applications,
};

int fail(const mortise::Error &error) {
  mortise::log_error(error);
  mortise::unlink_socket_files();
  return error.exit_code;
}

}  // namespace

extern "C" UWSGI_API int uwsgi_init(int argc, char **argv, char **envp) {
  mortise::fill_standard_descriptors();
  mortise::init_state(argc, argv, envp);
  if (auto status = mortise::run_command(argc, argv)) return *status;
  for (auto phase : kPhases)
    if (auto done = phase(); !done) return fail(done.error());
  auto status = mortise::supervise();
  return status ? *status : fail(status.error());
}

#ifndef MORTISE_NO_MAIN
int main(int argc, char **argv) {
  return uwsgi_init(argc, argv, environ);
}
#endif
