// One request and its answer on one core: what the objects that an application gets (start_response, write(),
// wsgi.input) act on. Each core has one Exchange and uses it, and those objects, again and again.
#pragma once

#include "interpreter.h"
#include "waits.h"

#include <uwsgi.h>

#include <string>

namespace mortise::python {

class Exchange;

// Layout of the objects tied to an exchange. Once the request is over, `exchange` is null: the application
// may keep the object for as long as it likes.
struct ExchangeObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  Exchange *exchange;
};

// An object of one of those types, used for the next request unless the application kept it.
class ReusedObject {
 public:
  // A new reference; empty with an exception set.
  PyRef lend(PyTypeObject *type, vectorcallfunc call, Exchange *exchange);
  // The request is over.
  void take_back();

 private:
  ExchangeObject *object_ = nullptr;
};

class Exchange {
 public:
  // Serves a request; what the request hook returns. [request, with the GIL]
  int serve(wsgi_request *request, Interpreter &interpreter, const Application &application);

  // Begins the response head: status and headers as start_response gets them. False with an exception set.
  bool begin_response(PyObject *status, PyObject *headers, PyObject *exc_info);
  bool response_began() const { return began_; }
  wsgi_request *request() const { return request_; }
  const Interpreter &interpreter() const { return *interpreter_; }
  PyObject *environ() const { return environ_.get(); }
  Waits &waits() { return waits_; }
  PyRef lend_start_response();
  // The iterator of a body that is sent in several calls.
  bool iterates() const { return static_cast<bool>(iterator_); }
  PyRef take_iterator() { return std::move(iterator_); }
  void keep_iterator(PyRef iterator) { iterator_ = std::move(iterator); }
  PyRef lend_write();
  // The application sends the whole answer by itself, head and all; the connection ends with it.
  void begin_raw_response();
  // Ends this process where the application has forked it.
  void must_be_the_worker() const;
  // wsgi.input could not read on; what the error said goes to the log as one line.
  void input_failed(const char *why) { input_failure_ = why; }
  // How much of the body the application has read; for tell().
  size_t &input_position() { return input_position_; }

 private:
  PyRef call(const Application &application);
  void begin(wsgi_request *request, Interpreter &interpreter, const Application &application);
  int send();
  void end();
  int fail();
  int fail_for_input();

  Interpreter *interpreter_ = nullptr;
  wsgi_request *request_ = nullptr;
  PyRef environ_, result_, iterator_;
  const char *input_failure_ = nullptr;
  size_t input_position_ = 0;
  bool began_ = false;  // start_response was called with success
  Waits waits_;
  ReusedObject start_response_, write_, input_;
};

// True: the client is gone. Nothing is raised for it: the request ends quietly and is counted (write_errors).
inline bool client_is_gone(const wsgi_request *request) {
  return request->write_errors > 0;
}

// "GET /path", escaped, for messages.
std::string describe(const wsgi_request *request);

}  // namespace mortise::python
