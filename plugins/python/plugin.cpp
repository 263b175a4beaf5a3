// The hook table and the option table. Both are constants: the server reads them from the file before any
// code runs.
#include "application.h"
#include "application_source.h"
#include "core_interpreters.h"
#include "fork_hooks.h"
#include "options.h"
#include "request.h"
#include "shutdown.h"
#include "startup.h"
#include "user_signals.h"

#include <uwsgi.h>

#include <string>

namespace mortise::python {

namespace {

constexpr char kFileHelp[] = "load the WSGI application from this file";
constexpr char kModuleHelp[] = "load the WSGI application from this module: pkg.mod or pkg.mod:callable";
constexpr char kCallableHelp[] = "name of the application in its file or module; name() calls a factory";
constexpr char kHomeHelp[] = "run in this virtualenv, or with this prefix as PYTHONHOME";
constexpr char kPathHelp[] = "put a folder in front of sys.path";
constexpr char kImportHelp[] = "import a module or a .py file once the application is loaded";
constexpr char kSharedImportHelp[] = "import a module or a .py file before the application is loaded";
constexpr char kExecutableHelp[] = "what sys.executable says";
constexpr char kEnvironHelp[] = "accepted: each request has an environ of its own";
constexpr char kAlwaysHelp[] = "accepted: it is always so";

constexpr uwsgi_option text(const char *name, char **target, const char *help, int shortcut = 0) {
  return {name, required_argument, shortcut, help, uwsgi_opt_set_str, target, 0};
}
constexpr uwsgi_option list(const char *name, uwsgi_string_list **target, const char *help) {
  return {name, required_argument, 0, help, uwsgi_opt_add_string_list, target, 0};
}
constexpr uwsgi_option flag(const char *name, int *target, const char *help) {
  return {name, no_argument, 0, help, uwsgi_opt_true, target, 0};
}

constinit uwsgi_option option_table[] = {
    text("wsgi-file", &options.wsgi_file, kFileHelp),
    text("file", &options.wsgi_file, kFileHelp),
    text("module", &options.module, kModuleHelp),
    text("wsgi", &options.module, kModuleHelp, 'w'),
    text("callable", &options.callable, kCallableHelp),
    text("home", &options.home, kHomeHelp, 'H'),
    text("virtualenv", &options.home, kHomeHelp),
    text("venv", &options.home, kHomeHelp),
    text("pyhome", &options.home, kHomeHelp),
    text("py-executable", &options.executable, kExecutableHelp),
    text("py-sys-executable", &options.executable, kExecutableHelp),
    text("pyargv", &options.argv, "the words of sys.argv behind its first"),
    list("pythonpath", &options.path, kPathHelp),
    list("python-path", &options.path, kPathHelp),
    list("pp", &options.path, kPathHelp),
    list("import", &options.imports, kImportHelp),
    list("pyimport", &options.imports, kImportHelp),
    list("py-import", &options.imports, kImportHelp),
    list("python-import", &options.imports, kImportHelp),
    list("shared-import", &options.shared_imports, kSharedImportHelp),
    list("shared-pyimport", &options.shared_imports, kSharedImportHelp),
    list("shared-py-import", &options.shared_imports, kSharedImportHelp),
    list("shared-python-import", &options.shared_imports, kSharedImportHelp),
    {"optimize", required_argument, 'O', "level of python -O", uwsgi_opt_set_int, &options.optimize, 0},
    list("mount", &options.mounts,
         "load an application for a part of the URLs: /path=file.py or /path=module:callable"),
    flag("manage-script-name", &uwsgi.manage_script_name,
         "find the application of --mount by the path, which SCRIPT_NAME and PATH_INFO then share"),
    flag("py-thread-interpreters", &options.thread_interpreters,
         "an interpreter for each thread, with a GIL of its own from Python 3.12 on"),
    flag("no-site", &options.no_site, "do not import the module site"),
    flag("catch-exceptions", &uwsgi.catch_exceptions,
         "answer an exception with its traceback (for development)"),
    flag("wsgi-disable-file-wrapper", &options.no_file_wrapper, "leave wsgi.file_wrapper out of environ"),
    flag("py-call-osafterfork", &options.accepted, kAlwaysHelp),
    flag("py-call-uwsgi-fork-hooks", &options.accepted, kAlwaysHelp),
    text("wsgi-env-behaviour", &options.accepted_text, kEnvironHelp),
    text("wsgi-env-behavior", &options.accepted_text, kEnvironHelp),
    UWSGI_END_OF_OPTIONS};

// Timers are among those of uwsgi's functions that applications use most: their plugin comes along where it
// is built into the server or lies beside this one. A server without it is no error until somebody adds a
// timer.
bool timers_are_available() {
  Dl_info self;
  if (dlsym(RTLD_DEFAULT, "uwsgi_add_timer")) return true;
  if (!dladdr(&options, &self) || !self.dli_fname) return false;
  std::string folder = self.dli_fname;
  folder.resize(folder.rfind('/') + 1);
  return uwsgi_file_exists((folder + "timers_plugin.so").c_str());
}

void on_load() {
  if (!uwsgi_plugin_get("timers") && timers_are_available()) uwsgi_load_plugin("timers");
}

void prepare_worker() {
  create_core_interpreters();
  run_postfork_hooks();
}

}  // namespace

}  // namespace mortise::python

using namespace mortise::python;

uwsgi_plugin python_plugin = {
    .name = "python",
    .alias = "python3",
    .modifier1 = 0,
    .on_load = on_load,
    .init = start_interpreter,
    .post_fork = after_server_fork,
    .options = option_table,
    .init_thread = adopt_core_thread,
    .request = serve_request,
    .preinit_apps = load_shared_imports,
    .init_apps = load_configured_application,
    .fixup = prepare_worker,
    .mount_app = mount_application,
    .atexit = run_python_exit,
    .magic = accept_bare_argument,
    .signal_handler = run_signal_handler,
    .pre_uwsgi_fork = before_fork,
    .post_uwsgi_fork = after_fork,
};
