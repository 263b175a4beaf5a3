// Whose code a stack is in.
#pragma once

namespace mortise::crash {

// A hook that the server called; null: not known.
struct Place {
  const char *plugin = nullptr, *hook = nullptr;
};

// The hook whose frame is on the stack; the innermost of several.
Place find_hook_async_safe(void *const *frames, int count);

}  // namespace mortise::crash
