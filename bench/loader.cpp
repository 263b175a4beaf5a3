// How long loading a plugin takes beyond dlopen(3): bench/loader builds and runs it.
//
// loader FOLDER COUNT: loads COUNT copies of a plugin, bench0_plugin.so …, with the server's loader, and as
// many more with dlopen alone. Prints both per plugin, and the difference.
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

  double begin = now_us();
  for (int i = 0; i < count; ++i)
    if (!dlopen(path(i).c_str(), RTLD_NOW | RTLD_GLOBAL)) return printf("%s\n", dlerror()), 1;
  const double alone = (now_us() - begin) / count;
  begin = now_us();
  for (int i = count; i < 2 * count; ++i)
    if (auto done = mortise::plugin_loader().load(path(i)); !done) return mortise::log_error(done.error()), 1;
  const double all = (now_us() - begin) / count;
  printf("dlopen %.1f us, loader %.1f us, own work %.1f us per plugin\n", alone, all, all - alone);
  return 0;
}
