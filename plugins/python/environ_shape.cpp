#include "environ_shape.h"

#include <cstring>
#include <string_view>

namespace mortise::python {

namespace {

std::string_view text(const iovec &part) {
  return {static_cast<const char *>(part.iov_base), part.iov_len};
}

// Of the names and their order, good enough to find the one that is then compared.
uint64_t signature_of(const wsgi_request *request) {
  uint64_t hash = request->var_cnt;
  for (int i = 0; i + 1 < request->var_cnt; i += 2) {
    std::string_view name = text(request->hvec[i]);
    if (!name.empty()) hash = hash * 31 + name.size() * 7 + static_cast<uint8_t>(name.back());
  }
  return hash * 0x9e3779b97f4a7c15 | 1;  // 0: none
}

bool is(PyObject *value, std::string_view bytes) {
  return static_cast<size_t>(PyUnicode_GET_LENGTH(value)) == bytes.size() &&
         memcmp(PyUnicode_1BYTE_DATA(value), bytes.data(), bytes.size()) == 0;
}

PyRef decode(std::string_view bytes) {
  return PyRef(PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}

}  // namespace

EnvironShapes::Result EnvironShapes::fill(const wsgi_request *request, PyRef *environ) {
  const uint64_t signature = signature_of(request);
  Shape &shape = shapes_[signature >> 60];
  if (shape.signature != signature) return Result::kUnknown;
  const uint64_t version = shape.version;
  PyRef dict = PyRef::borrow(shape.dict);
  *environ = PyRef(PyDict_Copy(dict.get()));
  if (!*environ) return Result::kRaised;
  // The new dict may have set off a garbage collection, and that other threads, which use this shape as well.
  // Nothing below does.
  if (shape.version != version) return Result::kUnknown;
  return put_differences(shape, request, environ->get());
}

EnvironShapes::Result EnvironShapes::put_differences(Shape &shape, const wsgi_request *request,
                                                     PyObject *environ) {
  constexpr uint8_t kPatience = 8;  // so many other values in a row replace the one that was kept
  if (shape.variables.size() * 2 != request->var_cnt) return Result::kUnknown;
  const iovec *part = request->hvec;
  for (Variable &variable : shape.variables) {
    const std::string_view name = text(*part++), bytes = text(*part++);
    if (name != variable.name) return Result::kUnknown;
    if (variable.role == Role::kIgnored) continue;
    if (variable.value && is(variable.value, bytes)) {
      variable.misses = 0;
      continue;
    }
    PyRef value = decode(bytes);
    if (!value || PyDict_SetItem(environ, variable.key, value.get()) < 0) return Result::kRaised;
    if (!variable.value || ++variable.misses < kPatience) continue;
    if (PyDict_SetItem(shape.dict, variable.key, value.get()) < 0) return Result::kRaised;
    PyRef replaced(std::exchange(variable.value, value.release()));
    variable.misses = 0;
    ++shape.version;
  }
  return Result::kFilled;
}

void EnvironShapes::forget(Shape &shape) {
  ++shape.version;
  shape.signature = 0;
  PyRef dict(std::exchange(shape.dict, nullptr));
  std::vector<Variable> variables;
  variables.swap(shape.variables);
  for (const Variable &variable : variables) {
    Py_XDECREF(variable.key);
    Py_XDECREF(variable.value);
  }
}

bool EnvironShapes::remember(Shape &shape, const wsgi_request *request, VariableNames &names,
                             PyObject *environ_template) {
  constexpr size_t kLongest = 256;
  shape.dict = PyDict_Copy(environ_template);
  if (!shape.dict) return false;
  for (int i = 0; i + 1 < request->var_cnt; i += 2) {
    const std::string_view name = text(request->hvec[i]), bytes = text(request->hvec[i + 1]);
    VariableName *entry = names.find(name);
    if (!entry) return false;
    Variable &variable = shape.variables.emplace_back();
    variable.name = name;
    variable.role = entry->role;
    variable.key = PyRef::borrow(entry->name).release();
    for (size_t other = 0; other + 1 < shape.variables.size(); ++other)
      if (shape.variables[other].name == name) return false;  // which one counts is not decided here
    if (entry->role == Role::kScheme) return false;           // nor what follows from it
    if (entry->role == Role::kIgnored) continue;
    if (entry->role == Role::kRepeating && bytes.size() <= kLongest) variable.value = decode(bytes).release();
    PyObject *value = variable.value ? variable.value : Py_None;
    if (PyDict_SetItem(shape.dict, variable.key, value)) return false;
  }
  return true;
}

void EnvironShapes::learn(const wsgi_request *request, VariableNames &names, PyObject *environ_template) {
  constexpr int kMost = 2 * 64;
  const uint64_t signature = signature_of(request);
  Shape &shape = shapes_[signature >> 60];
  if (request->var_cnt > kMost || std::exchange(shape.candidate, signature) != signature) return;
  Shape fresh;
  const bool good = remember(fresh, request, names, environ_template);
  PyErr_Clear();
  forget(shape);  // here, as making the fresh one may have let other threads in
  if (!good) return forget(fresh);
  shape.dict = fresh.dict;
  shape.variables = std::move(fresh.variables);
  shape.signature = signature;
}

}  // namespace mortise::python
