#include "kernel/kernel_options.h"

#include <optional>

#include "config/option_value.h"
#include "config/options.h"
#include "kernel/log.h"
#include "kernel/privileges.h"
#include "kernel/state.h"

namespace mortise {

namespace {

// --socket and its relatives: the address, and the protocol in `data`.
void add_socket(char *, char *value, void *protocol) {
  uwsgi_new_socket(value)->proto_name = static_cast<char *>(protocol);
}

void set_threads(char *name, char *value, void *) {
  uwsgi_opt_set_int(name, value, &uwsgi.threads);
  uwsgi.cores = std::max(uwsgi.threads, uwsgi.async);
}

void set_clock(char *name, char *value, void *) {
  if (uwsgi_set_clock(value))
    refuse_option_value({std::string(name) + " = '" + value + "'",
                         "no plugin that is loaded has such a clock", "add --plugin NAME, or use unix",
                         kExitUsage});
}

// Nothing where it was refused: a slip must not become a mode that is open to all.
std::optional<int> mode_of(const char *name, const char *value) {
  Result<int> mode = parse_mode(name, value);
  if (mode) return *mode;
  refuse_option_value(mode.error());
  return std::nullopt;
}

void set_chmod(char *name, char *value, void *) {
  uwsgi.chmod_socket = 1;
  if (auto mode = mode_of(name, value && *value ? value : "666")) uwsgi.chmod_socket_value = *mode;
}

void set_umask(char *name, char *value, void *) {
  if (auto mode = mode_of(name, value)) settings().umask = *mode;
}

// Handled where plugins and files are found, before the table is applied.
void nothing(char *, char *, void *) {}

void set_immediate(char *name, char *value, void *text) {
  uwsgi_opt_set_str(name, value, text);
  wanted_privileges().immediate = 1;
}

char uwsgi_protocol[] = "uwsgi";

}  // namespace

ServerSettings &settings() {
  static ServerSettings values;
  return values;
}

uwsgi_option *kernel_options() {
  static ServerSettings &set = settings();
  static Limits &limit = limits();
  static Privileges &privileges = wanted_privileges();
  constexpr int kFlag = no_argument, kValue = required_argument, kMaybe = optional_argument;
  static uwsgi_option table[] = {
      // processes
      {"processes", kValue, 'p', "number of worker processes", uwsgi_opt_set_int, &uwsgi.numproc, 0},
      {"workers", kValue, 'p', "number of worker processes", uwsgi_opt_set_int, &uwsgi.numproc, 0},
      {"threads", kValue, 0, "threads (cores) of each worker", set_threads, nullptr, 0},
      {"worker-reload-mercy", kValue, 0, "seconds a stopping worker has to finish its requests",
       uwsgi_opt_set_int, &uwsgi.worker_reload_mercy, 0},
      {"reload-mercy", kValue, 0, "seconds other stopping processes have", uwsgi_opt_set_int,
       &uwsgi.reload_mercy, 0},
      {"start-timeout", kValue, 0, "seconds a worker may take to load its application (default 300)",
       uwsgi_opt_set_int, &limit.start_timeout, 0},
      {"forkbomb-delay", kValue, 0,
       "fixed seconds before a process that failed is started again (default: 0.1, growing to 4)",
       uwsgi_opt_set_int, &limit.forkbomb_delay, 0},
      // applications
      {"need-app", kMaybe, 0, "end with status 22 when no application can be loaded (default)",
       uwsgi_opt_true, &uwsgi.need_app, 0},
      {"no-need-app", kFlag, 0, "serve without an application", uwsgi_opt_false, &uwsgi.need_app, 0},
      {"lazy-apps", kFlag, 0, "load applications in each worker (default); false: once, in the master",
       uwsgi_opt_true, &uwsgi.lazy_apps, 0},
      {"lazy", kFlag, 0, "same as lazy-apps", uwsgi_opt_true, &uwsgi.lazy_apps, 0},
      {"preload", kFlag, 0, "load applications once, in the master, before the workers are forked",
       uwsgi_opt_false, &uwsgi.lazy_apps, 0},
      {"single-interpreter", kFlag, 'i', "one interpreter for all applications (default)", uwsgi_opt_true,
       &uwsgi.single_interpreter, 0},
      {"max-apps", kValue, 0, "most applications of a worker", uwsgi_opt_set_int, &uwsgi.max_apps, 0},
      {"no-default-app", kFlag, 0, "no application for requests that match none", uwsgi_opt_true,
       &uwsgi.no_default_app, 0},
      {"clock", kValue, 0, "time source of a plugin instead of the system's", set_clock, nullptr, 0},
      {"loop", kValue, 0, "loop engine of a plugin instead of the server's", uwsgi_opt_set_str, &uwsgi.loop,
       0},
      {"locks", kValue, 0, "locks of applications beside the first one (default 0)", uwsgi_opt_set_int,
       &uwsgi.locks, 0},
      {"honour-range", kFlag, 0, "tell plugins which range of bytes a request wants", uwsgi_opt_true,
       &uwsgi.honour_range, 0},
      {"skip-atexit", kFlag, 0, "do not call the atexit hooks of plugins", uwsgi_opt_true, &uwsgi.skip_atexit,
       0},
      // sockets
      {"shared-socket", kValue, 0, "an address that other options may call =0, the next one =1, and so on",
       uwsgi_opt_add_string_list, &set.shared_sockets, UWSGI_OPT_IMMEDIATE},
      {"socket", kValue, 's', "listen for the uwsgi protocol: host:port, /path, @abstract or fd://N",
       add_socket, nullptr, 0},
      {"uwsgi-socket", kValue, 's', "listen for the uwsgi protocol", add_socket, uwsgi_protocol, 0},
      {"protocol", kValue, 0, "protocol of --socket: uwsgi, or one of a plugin", uwsgi_opt_set_str,
       &uwsgi.protocol, 0},
      {"listen", kValue, 'l', "backlog of listening sockets (default: the system's most)", uwsgi_opt_set_int,
       &uwsgi.listen_queue, 0},
      {"chmod-socket", kMaybe, 'C', "mode of UNIX sockets (default: 660 less the umask; bare: 666)",
       set_chmod, nullptr, 0},
      {"chown-socket", kValue, 0, "owner of UNIX sockets, user[:group]", uwsgi_opt_set_str,
       &uwsgi.chown_socket, 0},
      {"reuse-port", kFlag, 0, "other servers may listen at the same TCP addresses (SO_REUSEPORT)",
       uwsgi_opt_true, &limit.reuse_port, 0},
      {"freebind", kFlag, 0, "listen at addresses that no interface has yet (IP_FREEBIND)", uwsgi_opt_true,
       &limit.freebind, 0},
      {"abstract-socket", kFlag, 0, "UNIX socket names are abstract", uwsgi_opt_true, &uwsgi.abstract_socket,
       0},
      {"vacuum", kFlag, 0, "remove UNIX sockets at exit (default)", uwsgi_opt_true, &uwsgi.vacuum, 0},
      {"mimefile", kValue, 0, "types of files by their endings, instead of /etc/mime.types",
       uwsgi_opt_add_string_list, &set.mime_files, 0},
      {"mime-file", kValue, 0, "same as mimefile", uwsgi_opt_add_string_list, &set.mime_files, 0},
      // limits
      {"buffer-size", kValue, 'b', "bytes of a request head (default 65536)", uwsgi_opt_set_int,
       &uwsgi.buffer_size, 0},
      {"max-vars", kValue, 'v', "most variables of a request", uwsgi_opt_set_int, &uwsgi.max_vars, 0},
      {"limit-post", kValue, 0, "bytes of a request body; larger ones are answered 413", uwsgi_opt_set_64bit,
       &uwsgi.limit_post, 0},
      {"post-buffering", kValue, 0,
       "read request bodies whole before the application is called, so many bytes into memory, larger ones "
       "into "
       "a temporary file: they can be read again",
       uwsgi_opt_set_int, &uwsgi.post_buffering, 0},
      {"post-buffering-bufsize", kValue, 0, "bytes of each of these reads (default 65536)", uwsgi_opt_set_int,
       &uwsgi.post_buffering_bufsize, 0},
      {"response-buffering", kValue, 0,
       "MiB of a response that are kept for a client that reads slowly, in memory and then on disk, so that "
       "it "
       "holds no core (default 256); 0: the core waits",
       uwsgi_opt_set_int, &limit.response_buffering, 0},
      {"socket-timeout", kValue, 'z', "seconds to wait for a client that sends or reads a body (default 30)",
       uwsgi_opt_set_int, &uwsgi.socket_timeout, 0},
      {"header-timeout", kValue, 0, "seconds a client has to send a request head (default 10)",
       uwsgi_opt_set_int, &limit.header_timeout, 0},
      {"idle-timeout", kValue, 0, "seconds a connection may stay open between requests (default 65)",
       uwsgi_opt_set_int, &limit.idle_timeout, 0},
      {"max-fd", kValue, 0, "most open descriptors", uwsgi_opt_set_int, &set.max_fd, 0},
      // log
      {"disable-logging", kFlag, 'L', "log no request that succeeds", uwsgi_opt_false,
       &uwsgi.logging_options.enabled, 0},
      // process
      {"chdir", kValue, 0, "change to this folder before applications are loaded", uwsgi_opt_set_str,
       &set.chdir, 0},
      {"umask", kValue, 0, "file creation mask, octal", set_umask, nullptr, 0},
      {"uid", kValue, 0, "run as this user", uwsgi_opt_set_str, &privileges.uid, 0},
      {"gid", kValue, 0, "run as this group", uwsgi_opt_set_str, &privileges.gid, 0},
      {"add-gid", kValue, 0, "add this group to those of uid", uwsgi_opt_add_string_list, &privileges.groups,
       0},
      {"no-initgroups", kFlag, 0, "uid has no groups but gid and those of add-gid", uwsgi_opt_true,
       &privileges.no_initgroups, 0},
      {"immediate-uid", kValue, 0, "same as uid, before anything is opened or bound", set_immediate,
       &privileges.uid, 0},
      {"immediate-gid", kValue, 0, "same as gid, before anything is opened or bound", set_immediate,
       &privileges.gid, 0},
      {"master-as-root", kFlag, 0, "only the processes that the master starts become uid and gid",
       uwsgi_opt_true, &privileges.master_as_root, 0},
      {"chroot", kValue, 0, "make this folder the root before privileges are dropped", uwsgi_opt_set_str,
       &privileges.root_folder, 0},
      {"env", kValue, 0, "set an environment variable, NAME=value", uwsgi_opt_add_string_list,
       &set.environment, 0},
      {"unenv", kValue, 0, "remove an environment variable", uwsgi_opt_add_string_list,
       &set.unset_environment, 0},
      // configuration
      {"ini", kValue, 0, "read a configuration file: file.ini, file.ini:section, :section", nothing, nullptr,
       0},
      {"plugin", kValue, 0, "load plugins: name or ./path.so, several separated by commas", nothing, nullptr,
       0},
      {"plugins", kValue, 0, "same as plugin", nothing, nullptr, 0},
      {"need-plugin", kValue, 0, "same as plugin", nothing, nullptr, 0},
      {"need-plugins", kValue, 0, "same as plugin", nothing, nullptr, 0},
      {"plugin-dir", kValue, 0, "search plugins in this folder first", nothing, nullptr, 0},
      {"plugins-dir", kValue, 0, "same as plugin-dir", nothing, nullptr, 0},
      {"set-placeholder", kValue, 0, "name=value, read back as %(name)", nothing, nullptr, 0},
      {"set-ph", kValue, 0, "same as set-placeholder", nothing, nullptr, 0},
      {"strict", kFlag, 0, "unknown options are errors", uwsgi_opt_true, &set.strict, UWSGI_OPT_IMMEDIATE},
      {"show-config", kFlag, 0, "log the configuration as it was understood", uwsgi_opt_true,
       &set.show_config, 0},
      {"build-plugin", kValue, 0, "compile a plugin from a .c or .cc file and end", nothing, nullptr, 0},
      {"help", kFlag, 'h', "list the options and end", nothing, nullptr, 0},
      {"version", kFlag, 0, "print the version and end", nothing, nullptr, 0},
      UWSGI_END_OF_OPTIONS};
  return table;
}

}  // namespace mortise
