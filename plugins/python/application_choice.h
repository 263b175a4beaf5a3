// Which of several applications a request is for: by SCRIPT_NAME, or by the path with --manage-script-name;
// with --vhost by the host as well.
#pragma once

#include <uwsgi.h>

namespace mortise::python {

// Its id; the default application's where nothing else fits, -1 with --no-default-app. With
// --manage-script-name the part of the path that chose the application moves from PATH_INFO to SCRIPT_NAME.
// [request]
int choose_application(wsgi_request *request);

}  // namespace mortise::python
