#include "option_table.h"

#include "cpython.h"
#include "gevent_loop.h"
#include "options.h"
#include "provided_functions.h"

#include <fstream>
#include <string>

namespace mortise::python {

namespace {

constexpr char kFileHelp[] = "load the WSGI application from this file";
constexpr char kModuleHelp[] = "load the WSGI application from this module: pkg.mod or pkg.mod:callable";
constexpr char kCallableHelp[] = "name of the application in its file or module; name() calls a factory";
constexpr char kHomeHelp[] = "run in this virtualenv, or with this prefix as PYTHONHOME";
constexpr char kPathHelp[] = "put a folder, or those that match a pattern, in front of sys.path";
constexpr char kImportHelp[] = "import a module or a .py file once the application is loaded";
constexpr char kSharedImportHelp[] = "import a module or a .py file before the application is loaded";
constexpr char kSpoolerImportHelp[] = "import a module or a .py file in the spooler";
constexpr char kEarlyImportHelp[] = "import a module or a .py file in the master, once Python has started";
constexpr char kExecutableHelp[] = "what sys.executable says";
constexpr char kProgramHelp[] = "the interpreter whose installation is used: a path of python3";
constexpr char kRunHelp[] = "run this Python program with the module uwsgi at hand, and end with its status";
constexpr char kShellHelp[] =
    "run an interactive shell, or this code, with the module uwsgi at hand, and end";
constexpr char kReloadHelp[] = "reload when a module's source changes; looks every so many seconds";
constexpr char kEnvironHelp[] = "accepted: each request has an environ of its own";
constexpr char kAlwaysHelp[] = "accepted: it is always so";
constexpr char kInterpretersHelp[] =
    "an interpreter for each thread, with a GIL of its own from Python 3.12 on";

constexpr uwsgi_option text(const char *name, char **target, const char *help, int shortcut = 0) {
  return {name, required_argument, shortcut, help, uwsgi_opt_set_str, target, 0};
}
constexpr uwsgi_option list(const char *name, uwsgi_string_list **target, const char *help) {
  return {name, required_argument, 0, help, uwsgi_opt_add_string_list, target, 0};
}
constexpr uwsgi_option number(const char *name, int *target, const char *help, int shortcut = 0) {
  return {name, required_argument, shortcut, help, uwsgi_opt_set_int, target, 0};
}
constexpr uwsgi_option flag(const char *name, int *target, const char *help) {
  return {name, no_argument, 0, help, uwsgi_opt_true, target, 0};
}

// One warning that names the option and says what to do.
void warn(char *name, char *, void *advice) {
  uwsgi_log("python: warning: option '%s' does nothing here: %s\n", name, static_cast<const char *>(advice));
}
char use_wsgi[] = "this server speaks WSGI (PEP 3333): give the application with --module or --wsgi-file";
constexpr uwsgi_option unknown_protocol(const char *name) {
  return {name, required_argument, 0, "known, does nothing", warn, use_wsgi, 0};
}

// A program needs no address to listen on, but a server does: one that nobody else can reach.
void need_no_address() {
  if (!uwsgi.sockets) uwsgi_new_internal_socket("uwsgi");
}

void set_program(char *, char *file, void *target) {
  *static_cast<char **>(target) = uwsgi_str(file);
  need_no_address();
}
constexpr uwsgi_option program(const char *name, char **target, const char *help) {
  return {name, required_argument, 0, help, set_program, target, 0};
}

void set_shell(char *, char *code, void *) {
  need_no_address();
  options.shell = 1;
  options.shell_code = code && *code ? uwsgi_str(code) : nullptr;
}
constexpr uwsgi_option shell(const char *name) {
  return {name, optional_argument, 0, kShellHelp, set_shell, nullptr, 0};
}

void set_shared_area(char *, char *bytes, void *) {
  load_plugin_if_there("sharedareas", "uwsgi_sharedarea_init_keyval");
  options.sharedarea_bytes = atoi(bytes);
}

bool has_section(const char *file, const char *head) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(" \t") == line.find(head)) return true;
  return false;
}

// The file is our configuration, too, where it has a section for it.
void set_ini_paste(char *name, char *file, void *) {
  options.paste = uwsgi_concat2("config:", file);
  if (std::string(name) == "ini-paste-logged") options.paste_logger = 1;
  if (has_section(file, "[uwsgi]")) uwsgi_opt_load_ini(name, file, nullptr);
}

void print_version(char *, char *, void *) {
  printf("%s\n", PY_VERSION);
  exit(0);
}

}  // namespace

constinit uwsgi_option option_table[] = {
    text("wsgi-file", &options.wsgi_file, kFileHelp),
    text("file", &options.wsgi_file, kFileHelp),
    text("module", &options.module, kModuleHelp),
    text("wsgi", &options.module, kModuleHelp, 'w'),
    text("callable", &options.callable, kCallableHelp),
    text("eval", &options.eval, "Python code that defines the WSGI application"),
    text("paste", &options.paste, "the WSGI application that PasteDeploy makes of config:FILE or egg:NAME"),
    text("paste-name", &options.paste_name, "name of the application in the file of --paste"),
    flag("paste-logger", &options.paste_logger, "configure logging from the file of --paste"),
    {"ini-paste", required_argument, 0, "the same as --paste config:FILE", set_ini_paste, nullptr, 0},
    {"ini-paste-logged", required_argument, 0, "--ini-paste with --paste-logger", set_ini_paste, nullptr, 0},
    text("pecan", &options.pecan, "the WSGI application that Pecan makes of this configuration file"),
    text("home", &options.home, kHomeHelp, 'H'),
    text("virtualenv", &options.home, kHomeHelp),
    text("venv", &options.home, kHomeHelp),
    text("pyhome", &options.home, kHomeHelp),
    text("py-executable", &options.executable, kExecutableHelp),
    text("py-sys-executable", &options.executable, kExecutableHelp),
    text("py-programname", &options.program_name, kProgramHelp),
    text("py-program-name", &options.program_name, kProgramHelp),
    text("pyargv", &options.argv, "the words of sys.argv behind its first"),
    list("pythonpath", &options.path, kPathHelp),
    list("python-path", &options.path, kPathHelp),
    list("pp", &options.path, kPathHelp),
    list("early-pythonpath", &options.path, kPathHelp),
    list("early-python-path", &options.path, kPathHelp),
    list("import", &options.imports, kImportHelp),
    list("pyimport", &options.imports, kImportHelp),
    list("py-import", &options.imports, kImportHelp),
    list("python-import", &options.imports, kImportHelp),
    list("shared-import", &options.shared_imports, kSharedImportHelp),
    list("shared-pyimport", &options.shared_imports, kSharedImportHelp),
    list("shared-py-import", &options.shared_imports, kSharedImportHelp),
    list("shared-python-import", &options.shared_imports, kSharedImportHelp),
    list("spooler-import", &options.spooler_imports, kSpoolerImportHelp),
    list("spooler-pyimport", &options.spooler_imports, kSpoolerImportHelp),
    list("spooler-py-import", &options.spooler_imports, kSpoolerImportHelp),
    list("spooler-python-import", &options.spooler_imports, kSpoolerImportHelp),
    list("early-pyimport", &options.early_imports, kEarlyImportHelp),
    list("early-python-import", &options.early_imports, kEarlyImportHelp),
    list("pymodule-alias", &options.aliases, "name=module or name=file.py: what `import name` gives"),
    list("post-pymodule-alias", &options.post_aliases, "--pymodule-alias, once the application is loaded"),
    program("pyrun", &options.run, kRunHelp),
    program("python", &options.run, kRunHelp),
    program("py", &options.run, kRunHelp),
    shell("pyshell"),
    shell("pyshell-oneshot"),
    program("test", &options.test, "import a module or a .py file, say whether that works, and end"),
    {"python-version", no_argument, 0, "print the version of Python, and end", print_version, nullptr, 0},
    program("python-worker-override", &options.worker_override,
            "run this Python program in each worker instead of serving requests"),
    number("py-autoreload", &options.autoreload_seconds, kReloadHelp),
    number("py-auto-reload", &options.autoreload_seconds, kReloadHelp),
    number("python-autoreload", &options.autoreload_seconds, kReloadHelp),
    number("python-auto-reload", &options.autoreload_seconds, kReloadHelp),
    list("py-auto-reload-ignore", &options.autoreload_ignored, "a module that --py-autoreload leaves alone"),
    text("py-tracebacker", &options.tracebacker,
         "a UNIX socket of each worker, this path and its number, that tells the stacks of all threads"),
    {"py-sharedarea", required_argument, 0, "a shared area of so many bytes, with the next free number",
     set_shared_area, nullptr, 0},
    {"gevent", required_argument, 0,
     "serve so many connections in one thread of each worker, each in a greenlet", choose_gevent, nullptr, 0},
    flag("gevent-monkey-patch", &options.gevent_monkey_patch,
         "gevent.monkey.patch_all() before applications"),
    flag("gevent-early-monkey-patch", &options.gevent_monkey_patch, "same as --gevent-monkey-patch"),
    flag("gevent-wait-for-hub", &options.accepted, kAlwaysHelp),
    flag("py-thread-interpreters", &options.thread_interpreters, kInterpretersHelp),
    number("optimize", &options.optimize, "level of python -O", 'O'),
    flag("no-site", &options.no_site, "do not import the module site"),
    flag("wsgi-disable-file-wrapper", &options.no_file_wrapper, "leave wsgi.file_wrapper out of environ"),
    flag("wsgi-accept-buffer", &options.accept_buffers, "take bytearray, memoryview and the like as bodies"),
    flag("wsgi-accept-buffers", &options.accept_buffers, "take bytearray, memoryview and the like as bodies"),
    flag("start_response-nodelay", &options.send_head_at_once, "send the head when start_response is called"),
    flag("early-python", &options.accepted, kAlwaysHelp),
    flag("py-call-osafterfork", &options.accepted, kAlwaysHelp),
    flag("py-call-uwsgi-fork-hooks", &options.accepted, kAlwaysHelp),
    flag("py-master-check-signals", &options.accepted, "accepted: signals are the server's"),
    flag("reload-os-env", &options.accepted, "accepted: os.environ has what --env sets"),
    flag("wsgi-strict", &options.accepted, kAlwaysHelp),
    flag("wsgi-manage-chunked-input", &options.accepted, kAlwaysHelp),
    text("wsgi-env-behaviour", &options.accepted_text, kEnvironHelp),
    text("wsgi-env-behavior", &options.accepted_text, kEnvironHelp),
    unknown_protocol("web3"),
    unknown_protocol("pump"),
    unknown_protocol("wsgi-lite"),
    unknown_protocol("python-raw"),
    UWSGI_END_OF_OPTIONS};

}  // namespace mortise::python
