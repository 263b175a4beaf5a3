#include "kernel/lifecycle.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "kernel/core_loop.h"
#include "kernel/kernel_options.h"
#include "kernel/log.h"
#include "kernel/master.h"
#include "kernel/plugin_registry.h"
#include "kernel/privileges.h"
#include "kernel/scoreboard.h"
#include "kernel/signals.h"
#include "kernel/sockets.h"
#include "kernel/state.h"
#include "kernel/supervisor.h"
#include "kernel/worker.h"
#include "sdk/runtime/crash_guard.h"
#include "sdk/runtime/fork_warnings.h"
#include "sdk/runtime/strings.h"
#include "sdk/runtime/user_signals.h"

namespace mortise {

namespace {

Result<void> change_dir(const char *path) {
  if (!path || chdir(path) == 0) return {};
  return system_error(std::string("change to folder ") + path, errno, "create it or correct --chdir",
                      kExitNoInput);
}

// "http://0.0.0.0:8080" for what is reached from everywhere: 127.0.0.1 would say that nobody else can.
std::string url_of(const uwsgi_socket &socket) {
  std::string url = socket.proto_name;
  url += socket.family == AF_UNIX ? ":" : *socket.name == ':' ? "://0.0.0.0" : "://";
  return url += socket.name;
}

// Numbers that would start a server which cannot serve.
Result<void> check_ranges() {
  struct Range {
    const char *option;
    int value, least, most;
  };
  const Range ranges[] = {
      {"processes", uwsgi.numproc, 1, 4096},
      {"threads", uwsgi.threads, 1, 4096},
      {"buffer-size", uwsgi.buffer_size, 1024, 16 * 1024 * 1024},
      {"max-vars", uwsgi.max_vars, 32, 32767},
      {"listen", uwsgi.listen_queue, 1, 1 << 20},
  };
  for (const Range &range : ranges) {
    if (range.value >= range.least && range.value <= range.most) continue;
    return Error{format_text("option '%s'", range.option), format_text("%d is out of range", range.value),
                 format_text("from %d to %d", range.least, range.most), kExitUsage};
  }
  return {};
}

const Protocol *find_protocol(const char *name) {
  for (const Protocol &protocol : registries().protocols)
    if (protocol.name == name) return &protocol;
  return nullptr;
}

Result<void> bind_socket(uwsgi_socket &socket) {
  if (!socket.proto_name) socket.proto_name = uwsgi_str(uwsgi.protocol ? uwsgi.protocol : "uwsgi");
  const Protocol *protocol = find_protocol(socket.proto_name);
  if (!protocol)
    return Error{format_text("listen on %s", socket.name), format_text("no protocol '%s'", socket.proto_name),
                 "there are uwsgi, http, fastcgi and scgi, and those of plugins", kExitUsage};
  Result<BoundSocket> bound = [&]() -> Result<BoundSocket> {
    if (socket.internal && socket.name_len == 0) return bind_private();
    auto address = parse_address(socket.name);
    if (!address) return address.error();
    return bind_address(*address, configured_bind_options());
  }();
  if (!bound) return bound.error();
  socket.fd = bound->fd.release();
  socket.family = bound->family;
  socket.bound = 1;
  socket.name = uwsgi_str(bound->name.c_str());
  socket.name_len = static_cast<int>(bound->name.size());
  protocol->setup(&socket);
  int on = 1;  // accepted connections inherit it
  if (socket.family != AF_UNIX) setsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool known = bound->inherited && handover().generation != 0;
  if (!socket.internal && !known)
    log_info("listening on %s (%d worker%s)", url_of(socket).c_str(), uwsgi.numproc,
             uwsgi.numproc == 1 ? "" : "s");
  return {};
}

void add_roles(Supervisor &supervisor) {
  call_hooks(Tables::kRequestOnly, &uwsgi_plugin::master_fixup, "master_fixup", 0);
  int initial =
      uwsgi.cheaper_count > 0 ? std::max(uwsgi.cheaper_count, uwsgi.cheaper_initial) : uwsgi.numproc;
  if (uwsgi.sockets) supervisor.add_role({"worker", uwsgi.numproc, run_worker, false, true, initial});
  for (const uwsgi_process_role &role : registries().roles) {
    auto body = [role](int id) {
      role.body(id, role.data);
      run_exit_hooks();
      return kExitOk;
    };
    Role added{role.name, role.instances, body, role.stop_first != 0};
    added.required = role.required != 0;
    supervisor.add_role(added);
  }
}

bool supervising = false;

}  // namespace

Result<void> prepare_process() {
  const ServerSettings &set = settings();
  for (uwsgi_string_list *item = set.environment; item; item = item->next) {
    if (!strchr(item->value, '='))
      log_warning("env = %s: no '=', so it is unset (write NAME=value, or unenv)", item->value);
    if (putenv(item->value)) return system_error("set an environment variable", errno, {}, kExitSystem);
  }
  for (uwsgi_string_list *item = set.unset_environment; item; item = item->next) unsetenv(item->value);
  if (set.umask >= 0) umask(static_cast<mode_t>(set.umask));
  rlimit limit{}, wanted{static_cast<rlim_t>(set.max_fd), static_cast<rlim_t>(set.max_fd)};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (set.max_fd > 0 && setrlimit(RLIMIT_NOFILE, &wanted) != 0) {
    log_warning("max-fd = %d: %s: %llu are used (raise the hard limit: ulimit -Hn, LimitNOFILE=)", set.max_fd,
                strerror(errno), static_cast<unsigned long long>(limit.rlim_max));
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  getrlimit(RLIMIT_NOFILE, &limit);
  uwsgi.max_fd = static_cast<int>(limit.rlim_cur);
  if (auto done = check_ranges(); !done) return done;
  uwsgi.cores = std::max(uwsgi.cores, uwsgi.async);  // engines of plugins set it
  uwsgi.is_a_reload = uwsgi_generation() != 0;
  uwsgi.wait_read_hook = uwsgi_simple_wait_read_hook;
  uwsgi.wait_write_hook = uwsgi_simple_wait_write_hook;
  uwsgi.wait_read2_hook = uwsgi_simple_wait_read2_hook;
  uwsgi.wait_milliseconds_hook = uwsgi_simple_wait_milliseconds_hook;
  uwsgi.current_wsgi_req = CoreLoop::current;
  if (auto done = change_dir(set.chdir); !done) return done;
  if (auto done = drop_privileges_at_once(); !done) return done;
  block_master_signals();       // before any plugin can start a thread
  adopt_inherited_listeners();  // before any plugin can bind
  return {};
}

Result<void> create_shared_state() {
  if (auto done = create_scoreboard(); !done) return done;
  if (auto done = create_user_signals(); !done) return done;
  uwsgi.user_locks = static_cast<uwsgi_lock_item **>(
      uwsgi_calloc(sizeof(uwsgi_lock_item *) * (static_cast<size_t>(uwsgi.locks) + 1)));
  for (int i = 0; i <= uwsgi.locks; ++i)
    uwsgi.user_locks[i] = uwsgi_lock_init(format_text("user %d", i).c_str());
  uwsgi.user_lock = uwsgi.user_locks;
  return {};
}

namespace {

// What a jail hook gets as uWSGI's main.
int start_in_another_process(void *) {
  log_error({"start the server from a jail hook", "it starts in the process that called the hook",
             "return from the hook: unshare(2) does for this process what clone(2) does for another",
             kExitPlugin});
  return kExitPlugin;
}

}  // namespace

Result<void> start_generic_plugins() {
  call_hooks(Tables::kGenericOnly, &uwsgi_plugin::jail, "jail", &start_in_another_process, uwsgi.argv);
  call_hooks(Tables::kGenericOnly, &uwsgi_plugin::early_post_jail, "early_post_jail");
  call_hooks(Tables::kGenericOnly, &uwsgi_plugin::post_jail, "post_jail");
  call_hooks(Tables::kGenericOnly, &uwsgi_plugin::before_privileges_drop, "before_privileges_drop");
  return call_init(false);
}

// The system shortens the queue in silence (listen(2)).
void warn_of_short_queue() {
  const auto text = read_file("/proc/sys/net/core/somaxconn", 32);
  const int most = text ? atoi(text->c_str()) : 0;
  if (most > 0 && uwsgi.listen_queue > most && uwsgi.listen_queue != SOMAXCONN)
    log_warning("listen = %d: the system lets %d wait (raise net.core.somaxconn, or lower --listen)",
                uwsgi.listen_queue, most);
}

Result<void> bind_sockets() {
  warn_of_short_queue();
  if (!uwsgi.sockets && !uwsgi.has_emperor)  // systemd's, which no option names
    for (int fd : unused_passed_listeners()) uwsgi_new_socket(format_text("fd://%d", fd).c_str());
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (auto done = bind_socket(*socket); !done) return done;
  return {};
}

Result<void> start_request_plugins() {
  if (uwsgi.need_app && uwsgi.sockets && !any_request_plugin())
    return Error{"start serving", "no plugin that is loaded answers requests",
                 "add --wsgi-file FILE, or --plugin NAME; --no-need-app serves without", kExitNoApp};
  if (auto done = call_init(true); !done) return done;
  call_hooks(Tables::kGenericFirst, &uwsgi_plugin::post_init, "post_init");
  call_hooks(Tables::kRequestOnly, &uwsgi_plugin::enable_threads, "enable_threads");
  call_hooks(Tables::kGenericOnly, &uwsgi_plugin::preinit_apps, "preinit_apps");
  // Behind the hooks, which may have other work for the server, or have done theirs and ended it.
  if (!uwsgi.sockets && registries().roles.empty())
    return Error{"start serving", "there is nothing to listen on",
                 "add --http :8080, --http-socket :8080 or --socket /path; see mortise --help", kExitUsage};
  return {};
}

Result<void> preload_applications() {
  if (!uwsgi.lazy_apps) load_applications();
  return {};
}

Result<int> supervise(const std::string &failure) {
  supervising = true;
  for (const std::string &name : failure.empty() ? close_unused_listeners() : std::vector<std::string>())
    log_warning("inherited listener %s is closed: no socket option has its address", name.c_str());
  ForkHooks hooks;
  hooks.before = [] { call_hooks(Tables::kRequestFirst, &uwsgi_plugin::pre_uwsgi_fork, "pre_uwsgi_fork"); };
  hooks.after_parent = [] {
    call_hooks(Tables::kRequestFirst, &uwsgi_plugin::post_uwsgi_fork, "post_uwsgi_fork", 0);
  };
  hooks.after_child = [](bool is_trial) {
    uwsgi.mypid = getpid();
    uwsgi.status = {};  // the master's
    // A trial begins as the master is, and does it at its time.
    if (auto done = is_trial ? Result<void>() : drop_privileges_of_child(); !done) {
      log_error(done.error());
      _exit(done.error().exit_code);
    }
    call_hooks(Tables::kRequestFirst, &uwsgi_plugin::post_uwsgi_fork, "post_uwsgi_fork", 1);
  };
  if (!failure.empty()) hooks = {};  // of plugins that may have started or not
  hooks.can_execute = true;
  auto supervisor =
      Supervisor::create(hooks, {uwsgi.worker_reload_mercy * 1000LL, uwsgi.reload_mercy * 1000LL,
                                 limits().start_timeout * 1000LL, limits().forkbomb_delay * 1000LL});
  if (!supervisor) return supervisor.error();
  MasterCallbacks callbacks;
  callbacks.cleanup = [] {
    if (uwsgi.vacuum) unlink_socket_files();
  };
  if (failure.empty()) {
    add_roles(*supervisor);
    warn_of_what_a_fork_breaks();
    callbacks.cycle = [] { call_hooks(Tables::kGenericFirst, &uwsgi_plugin::master_cycle, "master_cycle"); };
    callbacks.cleanup = [remove_sockets = callbacks.cleanup] {
      call_hooks(Tables::kGenericFirst, &uwsgi_plugin::master_cleanup, "master_cleanup");
      run_exit_hooks();
      remove_sockets();
    };
  }
  if (handover().generation > 0) supervisor->adopt(handover(), failure);
  return run_master(*supervisor, callbacks);
}

int run_trial() {
  if (auto done = drop_privileges_of_child(); !done) {
    log_error(done.error());
    _exit(done.error().exit_code);
  }
  call_hooks(Tables::kRequestOnly, &uwsgi_plugin::master_fixup, "master_fixup", 0);
  int status = uwsgi.sockets ? run_worker(1) : kExitOk;
  fflush(nullptr);
  _exit(status);  // no exit hooks: nothing was served
}

}  // namespace mortise

extern "C" void uwsgi_exit(int status) {
  using namespace mortise;
  CrashGuard::catch_exit(status);
  // What ends the start of a new generation must not end the server.
  if (!supervising && !handover().processes.empty())
    status = *supervise("a plugin ended the start with exit status " + std::to_string(status));
  run_exit_hooks();
  fflush(nullptr);
  _exit(status);
}
