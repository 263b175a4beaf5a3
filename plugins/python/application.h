// WSGI applications: from what the configuration names to a callable in each interpreter, and to struct
// uwsgi_app.
#pragma once

#include "interpreter.h"

namespace mortise::python {

// False, with the reason in the log, when need-app is on and the application's option names none, or
// --wsgi-file a file that is not there: known before anything starts.
bool configured_application_exists();

// Hook preinit_apps: runs --shared-import. Hook init_apps: loads the application that was configured. Hook
// postinit_apps: runs --import once those of --mount are there, too. A failure ends the process with
// UWSGI_FAILED_APP_CODE where need-app is on. [worker; master with preload]
void load_shared_imports();
void load_configured_application();
void run_late_imports();

// Hook mount_app: loads `spec` (a file, a module, module:callable) for requests below a mountpoint. Its
// number in uwsgi_apps, or -1.
int mount_application(char *mountpoint, char *spec);

// The same in a mule or spooler, which serves no requests: nothing is recorded in struct uwsgi_app. [with the
// GIL]
bool load_for_background(Interpreter &interpreter);

// Loads in this further interpreter, the calling thread's, all that the main one has. False with an exception
// set. [with the GIL]
bool load_applications_again(Interpreter &interpreter);

}  // namespace mortise::python
