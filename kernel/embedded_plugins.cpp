#include "kernel/embedded_plugins.h"

namespace mortise {

// Weak, so that a program with embedded plugins brings its own.
extern const EmbeddedPlugin embedded_plugins[] __attribute__((weak)) = {{}};
extern const char embedded_index[] __attribute__((weak)) = "";

}  // namespace mortise
