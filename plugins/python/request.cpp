#include "request.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "app_board.h"
#include "application_choice.h"
#include "gil.h"

// A macro for the call; here the member is tested first.
#undef current_wsgi_req

namespace mortise::python {

namespace {

// Never destroyed: its references could only be given back by a running interpreter.
std::vector<Exchange> &exchanges = *new std::vector<Exchange>;

int answer_no_application(wsgi_request *request) {
  uwsgi_log(
      "python: no application for %s: none was loaded (give --wsgi-file or --module; if you did, the log "
      "says "
      "above why it failed)\n",
      describe(request).c_str());
  return uwsgi_500(request);
}

void count_request(int id) {
  std::atomic_ref(uwsgi_apps[id].requests).fetch_add(1, std::memory_order_relaxed);
  if (AppNotice *notice = app_notice(uwsgi.mywid, id))
    std::atomic_ref(notice->requests).fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void create_exchanges() {
  exchanges = std::vector<Exchange>(static_cast<size_t>(std::max(uwsgi.cores, 1)));
}

int serve_request(wsgi_request *request) {
  int id = choose_application(request);
  Interpreter &interpreter = interpreter_of_core(request->async_id);
  if (id < 0 || static_cast<size_t>(id) >= interpreter.applications.size())
    return answer_no_application(request);
  const Application application = interpreter.applications[static_cast<size_t>(id)];
  if (!application.callable) return answer_no_application(request);
  GilHold gil;
  request->app_id = id;
  Exchange &exchange = exchanges[static_cast<size_t>(request->async_id)];
  if (!exchange.iterates()) count_request(id);
  return exchange.serve(request, interpreter, application);
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

template <typename Found>
static Found *needed(Found *found) {
  if (!found) PyErr_SetString(PyExc_RuntimeError, "this thread serves no request");
  return found;
}

wsgi_request *needed_request() {
  return needed(current_request());
}

Exchange *needed_exchange() {
  return needed(current_exchange());
}

}  // namespace mortise::python
