// WSGI applications: from what the configuration names to a callable in struct uwsgi_app.
#pragma once

#include "cpython.h"

namespace mortise::python {

// One loaded application; lives as long as its process. uwsgi_app.responder0 points to it.
struct Application {
  PyObject *callable = nullptr;
  PyObject *environ_template = nullptr;  // what each request's environ begins as
};

// False, with the reason in the log, when --wsgi-file names a file that is not there: known before anything
// starts.
bool configured_application_exists();

// Hook preinit_apps: runs --shared-import. Hook init_apps: loads the application that was configured, then
// runs
// --import. A failure ends the process with UWSGI_FAILED_APP_CODE where need-app is on. [worker; master with
// preload]
void load_shared_imports();
void load_configured_application();

// Hook mount_app: loads `spec` (a file, a module, module:callable) for requests below a mountpoint. 0, or -1.
int mount_application(char *mountpoint, char *spec);

}  // namespace mortise::python
