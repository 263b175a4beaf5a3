#include "exchange.h"

#include <array>
#include <atomic>
#include <string>

#include "app_board.h"
#include "environ.h"
#include "exception_hooks.h"
#include "exception_reload.h"
#include "fork_hooks.h"
#include "response_body.h"
#include "start_response.h"
#include "traceback.h"

namespace mortise::python {

namespace {

// PEP 3333: whatever happened, an iterable with close() is closed.
void close_result(const Interpreter &interpreter, PyObject *result, const wsgi_request *request) {
  if (PyList_CheckExact(result) || PyTuple_CheckExact(result) || PyBytes_CheckExact(result)) return;
  PyRef exception = take_exception();
  PyRef close;
  int found = get_optional_attr(result, interpreter.close, &close);
  PyRef done(found > 0 ? PyObject_CallNoArgs(close.get()) : nullptr);
  if (PyErr_Occurred()) log_exception("python: close() of the response body failed in " + describe(request));
  if (!exception) return;
  PyObject *type = reinterpret_cast<PyObject *>(Py_TYPE(exception.get()));
  PyErr_SetObject(type, exception.get());
}

void count_exception(const wsgi_request *request) {
  uwsgi_worker &worker = uwsgi.workers[uwsgi.mywid];
  // Read by other threads and processes, and with thread interpreters there is a GIL for each core.
  for (uint64_t *counter : {&worker.cores[request->async_id].exceptions, &worker.exceptions,
                            &worker.apps[request->app_id].exceptions})
    std::atomic_ref(*counter).fetch_add(1, std::memory_order_relaxed);
  if (AppNotice *notice = app_notice(uwsgi.mywid, request->app_id))
    std::atomic_ref(notice->exceptions).fetch_add(1, std::memory_order_relaxed);
}

// The application called os.fork(), and an exception, as sys.exit() raises it, came out of the child: that is
// no worker and must not go on as one.
[[noreturn]] void leave_forked_process(PyObject *exception) {
  int status = 1;
  if (PyErr_GivenExceptionMatches(exception, PyExc_SystemExit)) {
    PyRef code(PyObject_GetAttrString(exception, "code"));
    if (code) status = code.get() == Py_None ? 0 : static_cast<int>(PyLong_AsLong(code.get()));
  } else {
    uwsgi_log("python: exception in a process that the application forked:\n%s",
              format_exception(exception).c_str());
  }
  _exit(status);
}

// The same without an exception: the child goes on as if it were to answer the request as well.
[[noreturn]] void leave_forked_request(const wsgi_request *request) {
  uwsgi_log(
      "python: a process that the application forked returned from it in %s: its answer is dropped, and it "
      "ends "
      "(end such a process with os._exit())\n",
      describe(request).c_str());
  _exit(0);
}

// The traceback as the answer, for --catch-exceptions.
void send_traceback(wsgi_request *request, const std::string &text) {
  uwsgi_response_prepare_headers_int(request, 500);
  uwsgi_response_add_content_type(request, "text/plain; charset=utf-8", 25);
  uwsgi_response_add_content_length(request, text.size());
  uwsgi_response_write_body_do(request, text.data(), text.size());
}

}  // namespace

std::string describe(const wsgi_request *request) {
  std::string text(request->method, request->method_len);
  text.append(" ").append(request->uri, request->uri_len);
  constexpr size_t kLongest = 1024;
  if (text.size() > kLongest) text.resize(kLongest);
  for (char &c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text;
}

PyRef ReusedObject::lend(PyTypeObject *type, vectorcallfunc call, Exchange *exchange) {
  if (!object_) {
    object_ = reinterpret_cast<ExchangeObject *>(type->tp_alloc(type, 0));
    if (!object_) return {};
    object_->vectorcall = call;
  }
  object_->exchange = exchange;
  return PyRef::borrow(reinterpret_cast<PyObject *>(object_));
}

void ReusedObject::take_back() {
  if (!object_) return;
  object_->exchange = nullptr;
  PyObject *object = reinterpret_cast<PyObject *>(object_);
  if (Py_REFCNT(object) == 1) return;
  object_ = nullptr;
  Py_DECREF(object);
}

PyRef Exchange::lend_start_response() {
  return start_response_.lend(interpreter_->start_response_type, start_response_call, this);
}

PyRef Exchange::lend_write() {
  return write_.lend(interpreter_->write_type, write_call, this);
}

void Exchange::begin_raw_response() {
  request_->headers_sent = 1;
  request_->keep_alive = 0;
  began_ = true;
}

PyRef Exchange::call(const Application &application) {
  PyRef start_response = lend_start_response();
  if (!start_response) return {};
  // The first place is room for vectorcall, which saves bound methods a copy.
  PyObject *args[] = {nullptr, environ_.get(), start_response.get()};
  PyRef result(
      PyObject_Vectorcall(application.callable, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
  if (result) must_be_the_worker();
  return result;
}

void Exchange::must_be_the_worker() const {
  if (forked_by_application()) leave_forked_request(request_);
}

// UWSGI_AGAIN: it goes on with the next call.
int Exchange::send() {
  const BodyResult sent = send_body(*this, result_.get());
  if (sent == BodyResult::kAgain) return UWSGI_AGAIN;
  close_result(*interpreter_, result_.get(), request_);
  if (sent == BodyResult::kRefused) count_exception(request_);
  if (sent != BodyResult::kSent) return fail();
  if (began_ || client_is_gone(request_)) return UWSGI_OK;
  uwsgi_log("python: application did not call start_response in %s (PEP 3333)\n", describe(request_).c_str());
  count_exception(request_);
  return fail();
}

void Exchange::begin(wsgi_request *request, Interpreter &interpreter, const Application &application) {
  interpreter_ = &interpreter;
  request_ = request;
  began_ = false;
  input_failure_ = nullptr;
  input_position_ = 0;
  environ_ = make_environ(interpreter, application, request);
  PyRef input = environ_ ? input_.lend(interpreter.input_type, nullptr, this) : PyRef();
  if (input && PyDict_SetItem(environ_.get(), interpreter.wsgi_input, input.get()) == 0)
    result_ = call(application);
}

int Exchange::serve(wsgi_request *request, Interpreter &interpreter, const Application &application) {
  if (iterates()) {
    waits_.end(request);
  } else {
    begin(request, interpreter, application);
  }
  const int status = result_ ? send() : fail();
  if (status != UWSGI_AGAIN) end();
  return status;
}

void Exchange::end() {
  result_ = {};
  environ_ = {};
  request_ = nullptr;
  start_response_.take_back();
  write_.take_back();
  input_.take_back();
  if (waits_.any()) waits_.forget();
}

// The client did not send its whole body, which is no error of the application's: no traceback.
int Exchange::fail_for_input() {
  uwsgi_log("python: %s: the request body is incomplete: %s\n", describe(request_).c_str(), input_failure_);
  if (request_->headers_sent) {
    uwsgi_disconnect(request_);
    return -1;
  }
  return uwsgi_500(request_);  // 408 and the like where the server knows better
}

// Answers 500 where nothing was sent; otherwise the response ends in its middle.
int Exchange::fail() {
  std::string traceback;
  if (PyRef exception = take_exception()) {
    if (forked_by_application()) leave_forked_process(exception.get());
    if (client_is_gone(request_) && PyErr_GivenExceptionMatches(exception.get(), PyExc_OSError)) return -1;
    if (input_failure_ && PyErr_GivenExceptionMatches(exception.get(), PyExc_OSError))
      return fail_for_input();
    count_exception(request_);
    replace_worker_after(exception.get());
    traceback = format_exception(exception.get());
    uwsgi_log("python: exception in %s:\n%s", describe(request_).c_str(), traceback.c_str());
    tell_exception_handlers(request_, exception.get());
  }
  if (client_is_gone(request_)) return -1;
  if (request_->headers_sent) {
    uwsgi_disconnect(request_);  // the client must not take what it has for the whole
    return -1;
  }
  if (uwsgi.catch_exceptions && !traceback.empty()) {
    send_traceback(request_, traceback);
  } else {
    uwsgi_500(request_);
  }
  return UWSGI_OK;
}

}  // namespace mortise::python
