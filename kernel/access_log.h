// One line per request, in the form that uWSGI's users parse. Client errors and server errors are logged even
// where --disable-logging is set, so that a failing service is never silent. A provider's uwsgi.logit decides
// by itself what it logs.
#pragma once

#include <uwsgi.h>

namespace mortise {

// Writes the line if the options ask for it. [worker]
void log_if_wanted(wsgi_request *request);

}  // namespace mortise
