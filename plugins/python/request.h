// The request hook, and the exchanges of the cores.
#pragma once

#include "exchange.h"

namespace mortise::python {

// One exchange for each core. [master]
void create_exchanges();

// The hook: UWSGI_OK, or -1 when the response could not be completed. [request]
int serve_request(wsgi_request *request);

// The request that the calling thread serves; null outside one, as in the master.
wsgi_request *current_request();

// The exchange that the calling thread serves; null outside a request.
Exchange *current_exchange();

// The same, with an exception set where there is none.
wsgi_request *needed_request();
Exchange *needed_exchange();

}  // namespace mortise::python
