// Where a program's C library would call its main, the server begins instead, if mortise-in-python started
// the program (launcher.cpp). The interpreter in it is not initialised then: what follows is the same as in
// the server's own program.
#include <dlfcn.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

#include <mortise/embed.h>

namespace {

using Main = int(int, char **, char **);

int serve(int argc, char **argv, char **) {
  // Only this program was to load the server; its children load what they would have loaded.
  if (const char *others = getenv("MORTISE_PRELOADED")) {
    setenv("LD_PRELOAD", others, 1);
    unsetenv("MORTISE_PRELOADED");
  } else {
    unsetenv("LD_PRELOAD");
  }
  prctl(PR_SET_NAME, "mortise");
  return uwsgi_init(argc, argv, environ);
}

}  // namespace

// The signature is glibc's (csu/libc-start.c).
extern "C" __attribute__((visibility("default"))) int __libc_start_main(Main *main, int argc, char **argv,
                                                                        void (*init)(), void (*fini)(),
                                                                        void (*end)(), void *stack) {
  auto *real = reinterpret_cast<decltype(&__libc_start_main)>(dlsym(RTLD_NEXT, "__libc_start_main"));
  return real(getenv("MORTISE_PROGRAM") ? serve : main, argc, argv, init, fini, end, stack);
}
