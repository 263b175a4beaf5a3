// A plugin file of any bytes is described or refused, and an index of any text is read or refused: no crash,
// no unbounded memory. The seeds are made by tests/fuzz/make_abi_note_seeds.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sdk/inspect/plugin_index.h"

using namespace mortise;

namespace {

void describe(std::string_view bytes) {
  auto plugin = describe_plugin_bytes(bytes, "./seed_plugin.so", {"seed_plugin", "other_plugin"});
  if (!plugin) {
    if (plugin.error().why.empty() || plugin.error().exit_code != kExitPlugin) abort();
    return;
  }
  if (plugin->name.empty() || plugin->table_size > our_abi().plugin_size) abort();
  PluginIndex index;
  index.add(*plugin);
  (void)PluginIndex::parse(index.text(), "plugins.index");
}

// The same file with notes that fit this server, so that what they protect is reached too.
std::string with_our_note(std::string bytes) {
  auto image = ElfImage::parse(bytes);
  if (!image) return bytes;
  auto notes = image->notes(UWSGI_ABI_NOTE_OWNER, UWSGI_ABI_NOTE_TYPE);
  if (!notes) return bytes;
  for (std::string_view note : *notes)
    if (note.size() >= sizeof(AbiNote))
      memcpy(bytes.data() + (note.data() - bytes.data()), &our_abi(), sizeof(AbiNote));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string bytes(reinterpret_cast<const char *>(data), size);
  describe(bytes);
  describe(with_our_note(bytes));
  (void)PluginIndex::parse(bytes, "plugins.index");
  return 0;
}
