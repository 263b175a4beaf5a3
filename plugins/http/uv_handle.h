// Owner of a libuv handle on the heap: closes it and frees its memory when libuv has let go of it.
#pragma once

#include <uv.h>

#include <memory>

namespace mortise::http {

template <typename Handle>
struct CloseHandle {
  void operator()(Handle *handle) const {
    uv_close(reinterpret_cast<uv_handle_t *>(handle),
             [](uv_handle_t *closed) { delete reinterpret_cast<Handle *>(closed); });
  }
};

// Its `data` member is the owner's to set before callbacks can come.
template <typename Handle>
using UvHandle = std::unique_ptr<Handle, CloseHandle<Handle>>;

}  // namespace mortise::http
