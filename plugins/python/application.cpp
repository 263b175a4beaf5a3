#include "application.h"

#include <string>
#include <vector>

#include "app_board.h"
#include "application_source.h"
#include "code_import.h"
#include "environ.h"
#include "gevent_loop.h"
#include "gil.h"
#include "options.h"
#include "search_path.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

constexpr uint8_t kModifier = 0;

// What the main interpreter loaded, for those that follow.
struct Loaded {
  ApplicationSource source;
  int id;
};
std::vector<Loaded> &all_loaded = *new std::vector<Loaded>;

[[noreturn]] void give_up(const std::string &what) {
  uwsgi_log(
      "python: no application: %s (the traceback above says why; need-app = false serves errors instead)\n",
      what.c_str());
  exit(UWSGI_FAILED_APP_CODE);
}

// False with an exception set.
bool load_into(Interpreter &interpreter, const ApplicationSource &source, int id) {
  PyRef callable = load_callable(source);
  PyRef environ_template = callable ? make_environ_template(interpreter) : PyRef();
  if (!environ_template) return false;
  if (interpreter.applications.size() <= static_cast<size_t>(id))
    interpreter.applications.resize(static_cast<size_t>(id) + 1);
  interpreter.applications[static_cast<size_t>(id)] = {callable.release(), environ_template.release(),
                                                       new EnvironShapes};
  return true;
}

// Loads and records an application; false with the traceback in the log. [with the GIL]
bool add_application(const ApplicationSource &source, int id, char *mountpoint) {
  uint64_t started = uwsgi_monotonic_micros();
  Interpreter &interpreter = this_interpreter();
  if (!load_into(interpreter, source, id)) {
    log_exception("python: loading the application from " + source.description() + " failed");
    return false;
  }
  PyObject *callable = interpreter.applications[static_cast<size_t>(id)].callable;
  uwsgi_app *app = uwsgi_add_app(id, kModifier, mountpoint, static_cast<int>(strlen(mountpoint)),
                                 interpreter.state, callable);
  if (!app) return false;
  app->responder0 = callable;
  uint64_t took_us = uwsgi_monotonic_micros() - started;
  app->startup_time = static_cast<time_t>(took_us / 1000000);
  post_app_notice(id, *app);
  uwsgi_emulate_cow_for_apps(id);
  all_loaded.push_back({source, id});
  uwsgi_log_initial("python: application from %s loaded in %d ms%s%s (%s %d)\n", source.description().c_str(),
                    static_cast<int>(took_us / 1000), *mountpoint ? " for " : "", mountpoint,
                    uwsgi.mywid ? "worker" : "process",
                    uwsgi.mywid ? uwsgi.mywid : static_cast<int>(getpid()));
  return true;
}

void run_imports(const uwsgi_string_list *list) {
  for (; list; list = list->next) {
    PyRef module = import_by_name(list->value);
    if (module) continue;
    log_exception(std::string("python: importing ") + list->value + " failed");
    if (uwsgi.need_app) give_up(std::string("--import ") + list->value + " failed");
  }
}

bool run_imports_again(const uwsgi_string_list *list) {
  for (; list; list = list->next)
    if (!import_by_name(list->value)) return false;
  return true;
}

// The first place without an application: a predecessor's number of them may still stand in shared memory.
int free_place() {
  int id = 0;
  while (id < uwsgi.max_apps && uwsgi_apps[id].callable) ++id;
  return id;
}

}  // namespace

bool configured_application_exists() {
  if (tell_empty_source()) return !uwsgi.need_app;
  if (options.module || !options.wsgi_file || !uwsgi.need_app || uwsgi_file_exists(options.wsgi_file))
    return true;
  uwsgi_log("error: python: application file %s: %s (correct --wsgi-file, or --chdir)\n",
            absolute_path(options.wsgi_file).c_str(), strerror(errno ? errno : ENOENT));
  return false;
}

void load_shared_imports() {
  if (uwsgi.mywid > 0) clear_app_notices();
  GilHold gil;
  refresh_uwsgi_module();
  run_imports(options.shared_imports);
}

void load_configured_application() {
  GilHold gil;
  require_gevent();
  ApplicationSource source = configured_source();
  if (!source.empty()) {
    char root[] = "";
    if (!add_application(source, uwsgi.default_app > 0 ? uwsgi.default_app : 0, root) && uwsgi.need_app)
      give_up(source.description() + " cannot be served");
  }
}

void run_late_imports() {
  GilHold gil;
  run_imports(options.imports);
  if (!set_aliases(options.post_aliases) && uwsgi.need_app) give_up("post-pymodule-alias failed");
}

int mount_application(char *mountpoint, char *spec) {
  std::string at = mountpoint;
  if (at == "/" || at.ends_with("|/")) at.pop_back();  // the root's SCRIPT_NAME is empty
  const int id = free_place();
  GilHold gil;
  return add_application(source_of_mount(spec), id, at.data()) ? id : -1;
}

bool load_for_background(Interpreter &interpreter) {
  if (!run_imports_again(options.shared_imports)) return false;
  const ApplicationSource source = configured_source();
  if (!source.empty() && !load_into(interpreter, source, 0)) return false;
  int id = 1;
  for (const uwsgi_string_list *item = common_options().mounts; item; item = item->next) {
    const std::string text = item->value;
    if (!load_into(interpreter, source_of_mount(text.substr(text.find('=') + 1)), id++)) return false;
  }
  return run_imports_again(options.imports) && set_aliases(options.post_aliases);
}

bool load_applications_again(Interpreter &interpreter) {
  if (!set_aliases(options.aliases) || !run_imports_again(options.shared_imports)) return false;
  for (const Loaded &loaded : all_loaded)
    if (!load_into(interpreter, loaded.source, loaded.id)) return false;
  return run_imports_again(options.imports) && set_aliases(options.post_aliases);
}

}  // namespace mortise::python
