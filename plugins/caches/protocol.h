// Caches for other servers: requests of modifier 111, their sub-protocol in modifier2.
#pragma once

#include <uwsgi.h>

namespace mortise::caches {

int serve_request(wsgi_request *);

}  // namespace mortise::caches
