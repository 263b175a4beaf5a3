#include "application.h"

#include <memory>
#include <string>

#include "application_source.h"
#include "code_import.h"
#include "environ.h"
#include "gil.h"
#include "options.h"
#include "search_path.h"
#include "traceback.h"
#include "uwsgi_module.h"

#include <uwsgi.h>

namespace mortise::python {

namespace {

constexpr uint8_t kModifier = 0;

[[noreturn]] void give_up(const std::string &what) {
  uwsgi_log(
      "python: no application: %s (the traceback above says why; need-app = false serves errors instead)\n",
      what.c_str());
  exit(UWSGI_FAILED_APP_CODE);
}

// Loads and records an application; false with the traceback in the log. [with the GIL]
bool add_application(const ApplicationSource &source, int id, char *mountpoint) {
  uint64_t started = uwsgi_monotonic_micros();
  PyRef callable = load_callable(source);
  PyRef environ_template = callable ? make_environ_template() : PyRef();
  if (!environ_template) {
    log_exception("python: loading the application from " + source.description() + " failed");
    return false;
  }
  auto application = std::make_unique<Application>();
  uwsgi_app *app = uwsgi_add_app(id, kModifier, mountpoint, static_cast<int>(strlen(mountpoint)),
                                 PyInterpreterState_Main(), callable.get());
  if (!app) return false;
  application->callable = callable.release();
  application->environ_template = environ_template.release();
  app->responder0 = application.release();
  uint64_t took_us = uwsgi_monotonic_micros() - started;
  app->startup_time = static_cast<time_t>(took_us / 1000000);
  uwsgi_emulate_cow_for_apps(id);
  uwsgi_log_initial("python: application from %s loaded in %d ms (%s %d)\n", source.description().c_str(),
                    static_cast<int>(took_us / 1000), uwsgi.mywid ? "worker" : "process",
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

}  // namespace

bool configured_application_exists() {
  if (!options.wsgi_file || !uwsgi.need_app || uwsgi_file_exists(options.wsgi_file)) return true;
  uwsgi_log("python: application file %s: %s (correct --wsgi-file, or --chdir)\n",
            absolute_path(options.wsgi_file).c_str(), strerror(errno ? errno : ENOENT));
  return false;
}

void load_shared_imports() {
  GilHold gil;
  refresh_uwsgi_module();
  run_imports(options.shared_imports);
}

void load_configured_application() {
  GilHold gil;
  ApplicationSource source = configured_source();
  if (!source.empty()) {
    char root[] = "";
    if (!add_application(source, uwsgi.default_app > 0 ? uwsgi.default_app : 0, root) && uwsgi.need_app)
      give_up(source.description() + " cannot be served");
  }
  run_imports(options.imports);
}

int mount_application(char *mountpoint, char *spec) {
  GilHold gil;
  return add_application(source_of(spec), uwsgi_apps_cnt, mountpoint) ? 0 : -1;
}

}  // namespace mortise::python
