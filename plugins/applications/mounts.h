// Option mount: which plugin loads an application, and that there is one that could. What a plugin then does
// with a request is its own.
#pragma once

namespace mortise::applications {

// Hook init: brings Python where there are mounts and no plugin that mounts anything. 0, or -1: it cannot be
// loaded. [master]
int load_a_mounter();

// Hook init_apps: asks the plugins for each mount. Ends the process with 64 for one that is none, and with
// UWSGI_FAILED_APP_CODE for one that nobody takes where need-app is on. [worker; master with preload]
void mount_all();

}  // namespace mortise::applications
