// How long loading a plugin takes beyond dlopen(3): bench/loader builds and runs it.
//
// loader FOLDER COUNT: loads COUNT copies of a plugin with dlopen alone, bench0_plugin.so, bench2_plugin.so
// …, and as many with the server's loader, in turns: dlopen's own time grows with what is loaded. Prints both
// per plugin, and the difference.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kernel/log.h"
#include "kernel/plugin_loader.h"
#include "kernel/plugin_registry.h"
#include "kernel/state.h"

namespace {

double now_us() {
  using namespace std::chrono;
  return static_cast<double>(duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count()) /
         1000;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  const std::string folder = argv[1];
  const int count = atoi(argv[2]);
  mortise::init_state(argc, argv, environ);
  mortise::init_plugin_registry();
  auto path = [&](int number) { return folder + "/bench" + std::to_string(number) + "_plugin.so"; };

  double alone = 0, all = 0;
  for (int i = 0; i < count; ++i) {
    const std::string first = path(2 * i), second = path(2 * i + 1);
    const double begin = now_us();
    if (!dlopen(first.c_str(), RTLD_NOW | RTLD_GLOBAL)) return printf("%s\n", dlerror()), 1;
    const double between = now_us();
    if (auto done = mortise::plugin_loader().load(second); !done) return mortise::log_error(done.error()), 1;
    alone += (between - begin) / count;
    all += (now_us() - between) / count;
  }
  printf("dlopen %.1f us, loader %.1f us, own work %.1f us per plugin\n", alone, all, all - alone);
  return 0;
}
