// One Python interpreter of this process and the objects of ours that live in it. There is one, unless
// --py-thread-interpreters gives each core its own: no object may pass from one to another.
#pragma once

#include <array>
#include <vector>

#include "cpython.h"
#include "environ_shape.h"
#include "variable_names.h"

namespace mortise::python {

// A loaded WSGI application in one interpreter.
struct Application {
  PyObject *callable = nullptr;
  PyObject *environ_template = nullptr;  // what each request's environ begins as
  EnvironShapes *shapes = nullptr;
};

struct Interpreter {
  PyInterpreterState *state = nullptr;
  int core = 0;  // the one that it is for; 0 is the main interpreter

  PyObject *module = nullptr;                     // uwsgi
  std::vector<Application> applications;          // by app id
  std::array<PyObject *, 256> signal_handlers{};  // owned

  PyTypeObject *start_response_type = nullptr;
  PyTypeObject *write_type = nullptr;
  PyTypeObject *input_type = nullptr;
  PyTypeObject *log_stream_type = nullptr;
  PyTypeObject *file_wrapper_type = nullptr;
  // Exact types whose descriptor holds the bytes that read() would return.
  PyObject *raw_file_type = nullptr;         // io.FileIO
  PyObject *buffered_reader_type = nullptr;  // io.BufferedReader
  PyObject *buffered_random_type = nullptr;  // io.BufferedRandom

  // Interned names and texts.
  VariableNames names;
  PyObject *wsgi_input = nullptr;
  PyObject *wsgi_url_scheme = nullptr;
  PyObject *https = nullptr;
  PyObject *close = nullptr;
  PyObject *raw = nullptr;
  PyObject *read = nullptr;
};

// All of them, the main one first; changed only before the requests begin. Never destroyed: what they refer
// to could be given back by a running interpreter alone.
inline std::vector<Interpreter *> &interpreters = *new std::vector<Interpreter *>;

Interpreter &search_interpreter();

// The one that the calling thread runs in. [with the GIL]
inline Interpreter &this_interpreter() {
  return interpreters.size() == 1 ? *interpreters.front() : search_interpreter();
}

// False in an interpreter that the application itself made: what is ours is not there.
bool this_interpreter_is_ours();

// The one that a core's requests run in. [any thread]
inline Interpreter &interpreter_of_core(int core) {
  return interpreters.size() == 1 ? *interpreters.front() : *interpreters[static_cast<size_t>(core)];
}

// Fills a fresh interpreter, which is the calling thread's: sys.path, types, names, the module uwsgi. False
// with an exception set. [with the GIL]
bool furnish_interpreter(Interpreter &interpreter);

}  // namespace mortise::python
