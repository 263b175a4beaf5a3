#include "board.h"

#include <uwsgi.h>

#include <new>

namespace mortise::logging {

namespace {
Board *shared = nullptr;
}

Board *board() {
  return shared;
}

void create_board() {
  shared = new (uwsgi_calloc_shared(sizeof(Board))) Board{};
}

}  // namespace mortise::logging

extern "C" {

// The process that owns the log looks at them each second, and with each line.
void uwsgi_log_reopen(void) {
  if (mortise::logging::shared) ++mortise::logging::shared->reopen;
}

void uwsgi_log_rotate(void) {
  if (mortise::logging::shared) ++mortise::logging::shared->rotate;
}

}  // extern "C"
