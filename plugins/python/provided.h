// Functions of other plugins that the module uwsgi offers: looked for when they are first called, and their
// plugin loaded then where it was not, so that a server without it lacks these functions and nothing else.
#pragma once

#include <uwsgi.h>

#include <atomic>

#include "cpython.h"

namespace mortise::python {

// Null with an exception set where no plugin of this name has the function.
void *find_provided(const char *plugin, const char *symbol);

// PROVIDED("caches", uwsgi_cache_magic_get): a pointer to the function, or null with an exception set.
#define PROVIDED(plugin, function)                                                       \
  ([] {                                                                                  \
    static std::atomic<decltype(&(function))> known{nullptr};                            \
    auto found = known.load(std::memory_order_acquire);                                  \
    if (!found) {                                                                        \
      found = reinterpret_cast<decltype(&(function))>(find_provided(plugin, #function)); \
      known.store(found, std::memory_order_release);                                     \
    }                                                                                    \
    return found;                                                                        \
  }())

// Bytes of a str or bytes argument: for PyArg_ParseTuple's s*.
class BytesArgument {
 public:
  BytesArgument() = default;
  ~BytesArgument() {
    if (view_.obj) PyBuffer_Release(&view_);
  }
  BytesArgument(const BytesArgument &) = delete;
  BytesArgument &operator=(const BytesArgument &) = delete;
  Py_buffer *operator&() { return &view_; }
  char *data() const { return static_cast<char *>(view_.buf); }
  size_t size() const { return static_cast<size_t>(view_.len); }

 private:
  Py_buffer view_{};
};

// True, or None where it failed: what uWSGI's functions return.
inline PyObject *true_or_none(bool good) {
  if (good) Py_RETURN_TRUE;
  Py_RETURN_NONE;
}

}  // namespace mortise::python
