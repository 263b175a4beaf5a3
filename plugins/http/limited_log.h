// Log lines that a peer can cause: at most ten a second and process, then how many were left out.
#pragma once

namespace mortise::http {

// printf; one line, without a newline. [any thread]
void log_limited(const char *format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace mortise::http
