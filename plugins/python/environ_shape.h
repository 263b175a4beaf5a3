// Environs of requests that have the same variables in the same order, as those of one client have: a
// prepared dict with all of their names and the values that repeat is copied, and only what differs is put
// in.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cpython.h"
#include "variable_names.h"

#include <uwsgi.h>

namespace mortise::python {

class EnvironShapes {
 public:
  enum class Result { kFilled, kUnknown, kRaised };

  // The environ of a request of a known shape, without wsgi.input and the scheme. [with the GIL]
  Result fill(const wsgi_request *request, PyRef *environ);

  // Remembers the shape of a request that was not known, the second time that it comes. [with the GIL]
  void learn(const wsgi_request *request, VariableNames &names, PyObject *environ_template);

 private:
  struct Variable {
    std::string name;
    PyObject *key = nullptr;    // owned
    PyObject *value = nullptr;  // owned; null: not kept, as values of this name differ or are secret
    Role role = Role::kPlain;
    uint8_t misses = 0;  // in a row
  };
  struct Shape {
    uint64_t signature = 0, candidate = 0;
    uint64_t version = 0;  // changes with everything below
    PyObject *dict = nullptr;
    std::vector<Variable> variables;
  };

  static void forget(Shape &shape);
  static bool remember(Shape &shape, const wsgi_request *request, VariableNames &names,
                       PyObject *environ_template);
  static Result put_differences(Shape &shape, const wsgi_request *request, PyObject *environ);

  std::array<Shape, 16> shapes_;
};

}  // namespace mortise::python
