// uwsgiplugin.py as the tool reads it without python3: any bytes are a recipe or an Error, never a crash.
#include "sdk/tool/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto recipe = mortise::parse_recipe({reinterpret_cast<const char *>(data), size}, "uwsgiplugin.py");
  if (!recipe && recipe.error().why.empty()) __builtin_trap();
  return 0;
}
