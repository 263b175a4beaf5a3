// Owner of one reference to a Python object. Use needs the GIL, destruction of a non-empty one too: what
// outlives the interpreter (globals) holds plain pointers on purpose.
#pragma once

#include <utility>

namespace mortise::python {

class PyRef {
 public:
  PyRef() = default;
  // Takes over a new reference, as most of the C API returns it; null is empty.
  explicit PyRef(PyObject *owned) : object_(owned) {}
  // Adds a reference to a borrowed one.
  static PyRef borrow(PyObject *borrowed) {
    Py_XINCREF(borrowed);
    return PyRef(borrowed);
  }
  PyRef(PyRef &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef &operator=(PyRef &&other) noexcept {
    PyObject *old = std::exchange(object_, std::exchange(other.object_, nullptr));
    Py_XDECREF(old);
    return *this;
  }
  PyRef(const PyRef &) = delete;
  PyRef &operator=(const PyRef &) = delete;
  ~PyRef() { Py_XDECREF(object_); }

  PyObject *get() const { return object_; }
  PyObject *release() { return std::exchange(object_, nullptr); }
  void reset() { *this = PyRef(); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject *object_ = nullptr;
};

}  // namespace mortise::python
