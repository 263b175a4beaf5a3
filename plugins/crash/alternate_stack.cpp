#include "alternate_stack.h"

#include <uwsgi.h>

#include <sys/mman.h>

#include <csignal>

namespace mortise::crash {

namespace {

// For the state of the widest registers and for reading debug frames. Address space only, until it is used.
constexpr size_t kBytes = 128 * 1024;

}  // namespace

void use_alternate_stack() {
  stack_t now{};
  if (sigaltstack(nullptr, &now) || !(now.ss_flags & SS_DISABLE)) return;
  void *memory =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;  // reports of everything but overflows need none
  stack_t own{};
  own.ss_sp = memory;
  own.ss_size = kBytes;
  sigaltstack(&own, nullptr);
}

}  // namespace mortise::crash
