#include "kernel/state.h"

#include <sys/sysinfo.h>

#include <cstring>

#include "sdk/inspect/plugin_folders.h"

struct uwsgi_server uwsgi;

namespace mortise {

Registries &registries() {
  static Registries lists;
  return lists;
}

Limits &limits() {
  static Limits values;
  return values;
}

void init_state(int argc, char **argv, char **environment) {
  static char empty_string[] = "";
  uwsgi.argc = argc;
  uwsgi.argv = argv;
  uwsgi.environ = environment;
  uwsgi.empty = empty_string;
  gethostname(uwsgi.hostname, sizeof uwsgi.hostname - 1);
  uwsgi.hostname_len = static_cast<int>(strlen(uwsgi.hostname));
  uwsgi.page_size = static_cast<int>(sysconf(_SC_PAGESIZE));
  uwsgi.cpus = get_nprocs();
  uwsgi.mypid = getpid();
  uwsgi.start_tv_us = uwsgi_micros();
  uwsgi.start_tv = {static_cast<time_t>(uwsgi.start_tv_us / 1000000),
                    static_cast<suseconds_t>(uwsgi.start_tv_us % 1000000)};
  uwsgi.cwd = get_current_dir_name();
  uwsgi.binary_path = program_path();
  uwsgi.shared = static_cast<uwsgi_shared *>(uwsgi_calloc_shared(sizeof(uwsgi_shared)));
  uwsgi.shutdown_sockets = 1;
  uwsgi.logging_options.enabled = 1;
  uwsgi.original_log_fd = STDERR_FILENO;
  uwsgi.master_process = 1;
  uwsgi.numproc = 1;
  uwsgi.threads = uwsgi.cores = 1;
  uwsgi.has_threads = 1;
  uwsgi.lazy_apps = 1;
  uwsgi.need_app = 1;
  uwsgi.single_interpreter = 1;
  uwsgi.vacuum = 1;
  uwsgi.listen_queue = SOMAXCONN;
  uwsgi.socket_timeout = 30;
  uwsgi.post_buffering_bufsize = 64 * 1024;
  uwsgi.buffer_size = 64 * 1024;
  uwsgi.max_vars = 256;
  uwsgi.max_apps = 64;
  uwsgi.worker_reload_mercy = 30;
  uwsgi.reload_mercy = 30;
  uwsgi.log_master_bufsize = 8192;
  uwsgi.locks = 0;
}

}  // namespace mortise
