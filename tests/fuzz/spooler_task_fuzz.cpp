// Files of tasks: what is understood is written again as it was, but for what modifier2 says.
#include <cstdint>
#include <cstdlib>

#include "plugins/spooler/task_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise::spooler;
  const std::string_view file(reinterpret_cast<const char *>(data), size);
  const auto task = parse_task(file);
  if (!task) return 0;
  const std::string again = pack_task(task->pairs, task->body);
  if (again.size() != size || again.substr(4) != file.substr(4)) abort();
  if (const auto orders = read_orders(task->pairs);
      !orders || orders->priority.find('/') != std::string::npos)
    abort();
  return 0;
}
