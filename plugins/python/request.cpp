#include "request.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "application.h"
#include "file_wrapper.h"
#include "gil.h"
#include "input.h"
#include "log_stream.h"
#include "start_response.h"
#include "uwsgi_module.h"

// A macro for the call; here the member is tested first.
#undef current_wsgi_req

namespace mortise::python {

namespace {

// Never destroyed: its references could only be given back by a running interpreter.
std::vector<Exchange> &exchanges = *new std::vector<Exchange>;

uwsgi_app *app_for(const wsgi_request *request) {
  int id = uwsgi.default_app > 0 ? uwsgi.default_app : 0;
  if (uwsgi_apps_cnt > 1 && request->script_name_len > 0) {
    int named = uwsgi_get_app_id(const_cast<wsgi_request *>(request), request->script_name,
                                 request->script_name_len, request->uh->modifier1);
    if (named >= 0) id = named;
  }
  if (id >= uwsgi_apps_cnt || !uwsgi_apps[id].responder0) return nullptr;
  return &uwsgi_apps[id];
}

int answer_no_application(wsgi_request *request) {
  uwsgi_log(
      "python: no application for %s: none was loaded (give --wsgi-file or --module; if you did, the log "
      "says "
      "above why it failed)\n",
      describe(request).c_str());
  return uwsgi_500(request);
}

}  // namespace

bool create_wsgi_types() {
  return create_start_response_types() && create_input_type() && create_file_wrapper_type() &&
         create_log_stream_type();
}

void create_exchanges() {
  exchanges = std::vector<Exchange>(static_cast<size_t>(std::max(uwsgi.cores, 1)));
}

int serve_request(wsgi_request *request) {
  uwsgi_app *app = app_for(request);
  if (!app) return answer_no_application(request);
  GilHold gil;
  request->app_id = static_cast<int>(app - uwsgi_apps);
  std::atomic_ref(app->requests).fetch_add(1, std::memory_order_relaxed);
  return exchanges[static_cast<size_t>(request->async_id)].serve(
      request, *static_cast<Application *>(app->responder0));
}

wsgi_request *current_request() {
  return uwsgi.current_wsgi_req ? uwsgi.current_wsgi_req() : nullptr;
}

Exchange *current_exchange() {
  wsgi_request *request = current_request();
  if (!request || static_cast<size_t>(request->async_id) >= exchanges.size()) return nullptr;
  Exchange &exchange = exchanges[static_cast<size_t>(request->async_id)];
  return exchange.request() == request ? &exchange : nullptr;
}

}  // namespace mortise::python
