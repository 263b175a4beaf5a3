// A cache's file: whatever it has, a table is built of it that finds its items, stores and removes.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "plugins/caches/hash.h"
#include "plugins/caches/table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace mortise::caches;
  for (const uint64_t bitmap : {0, 1}) {
    const Geometry geometry = {.max_items = 4,
                               .blocks = bitmap ? 8u : 4u,
                               .blocksize = 8,
                               .keysize = 8,
                               .hashsize = 2,
                               .bitmap = bitmap};
    std::vector<uint64_t> memory(Table::bytes_of(geometry) / 8 + 1);
    Table table(memory.data(), geometry, find_hash("djb33x"));
    table.format();
    for (const char *key : {"a", "b"}) table.insert(key, 3);
    auto *bytes = reinterpret_cast<uint8_t *>(memory.data());
    for (size_t i = 0; i < size && i < memory.size() * 8; ++i) bytes[i] ^= data[i];
    const uint64_t count = table.rebuild();
    if (count > 4 || count != table.count()) abort();
    for (uint64_t index = 1; index <= 4; ++index)
      if (table.used(index) && table.find({table.item(index)->key, table.item(index)->keysize}) != index)
        abort();
    for (const char *key : {"c", "d", "e", "f", "g"})
      if (const uint64_t made = table.insert(key, 8)) memset(table.value(*table.item(made)), 'x', 8);
    uint64_t next = 0;
    table.sweep(UINT64_MAX, &next);
    if (table.count() > 4) abort();
  }
  return 0;
}
