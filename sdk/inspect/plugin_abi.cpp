#include "sdk/inspect/plugin_abi.h"

#include <uwsgi.h>

#include "sdk/inspect/known_plugins.h"
#include "sdk/runtime/strings.h"

namespace mortise {
namespace {

std::string built_for(const AbiNote &note) {
  return format_text("built for ABI %u.%u with SDK %s: plugin %u, request %u, worker %u bytes",
                     note.abi_major, note.abi_minor, release_text(note.sdk_release).c_str(), note.plugin_size,
                     note.request_size, note.worker_size);
}

}  // namespace

const AbiNote &our_abi() {
  return uwsgi_abi_note_of_this_unit.abi;
}

Error refuse_plugin(const std::string &path, std::string why, std::string hint) {
  return Error{"plugin '" + path + "' refused", std::move(why), std::move(hint), kExitPlugin};
}

std::string rebuild_hint(const std::string &path) {
  std::string name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  for (std::string_view suffix : {".so", "_plugin"})
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  if (auto ours = own_plugin_for(name); !ours.empty())
    return "this server has a plugin of its own for it: write plugin = " + std::string(ours);
  return "rebuild it with this server's SDK: mortise --build-plugin " + name + ".c";
}

std::string abi_text(const AbiNote &note) {
  return format_text("%u.%u", note.abi_major, note.abi_minor);
}

std::string release_text(uint32_t sdk_release) {
  return format_text("%u.%u.%u", sdk_release >> 16, sdk_release >> 8 & 0xff, sdk_release & 0xff);
}

Result<AbiNote> read_abi_note(const ElfImage &image, const std::string &path) {
  auto notes = image.notes(UWSGI_ABI_NOTE_OWNER, UWSGI_ABI_NOTE_TYPE);
  if (!notes) return refuse_plugin(path, notes.error().why, notes.error().hint);
  if (notes->empty())
    return refuse_plugin(
        path, kNoAbiNote,
        "the note, which says what it was built for, comes with <uwsgi.h>; this server offers ABI " +
            abi_text(our_abi()) + "\n" + rebuild_hint(path));
  AbiNote first, note;
  for (std::string_view bytes : *notes) {
    if (!read_object(bytes, 0, &note))
      return refuse_plugin(path, format_text("its ABI note is damaged: %zu bytes", bytes.size()),
                           "copy it or build it again");
    if (bytes.data() == notes->front().data()) first = note;
    if (memcmp(&note, &first, sizeof note) != 0)
      return refuse_plugin(path, "mixed units: its object files were built for different ABIs",
                           built_for(first) + "\n" + built_for(note) +
                               "\nremove its object files and build all of them with one SDK");
  }
  return first;
}

Result<void> check_abi(const AbiNote &theirs, const AbiNote &ours, const std::string &path) {
  std::string why, cure = rebuild_hint(path);
  auto compare = [&](const char *type, uint32_t size, uint32_t our_size, bool fits) {
    if (!fits && why.empty())
      why = format_text("its struct %s has %u bytes, this server's %u", type, size, our_size);
  };
  const bool same_major = theirs.abi_major == ours.abi_major;
  if (!same_major || theirs.abi_minor > ours.abi_minor) {
    why = "needs ABI " + abi_text(theirs) + ", this server offers " + abi_text(ours);
    if (same_major)
      cure = format_text("upgrade the server, or rebuild with -DUWSGI_ABI_TARGET=%u", ours.abi_minor);
  } else if (uint32_t unknown = theirs.features & ~ours.features) {
    why = format_text("needs features %#x of the ABI, unknown to this server", unknown);
    cure = "upgrade the server";
  }
  compare("uwsgi_plugin", theirs.plugin_size, ours.plugin_size, theirs.plugin_size <= ours.plugin_size);
  compare("wsgi_request", theirs.request_size, ours.request_size, theirs.request_size <= ours.request_size);
  compare("uwsgi_worker", theirs.worker_size, ours.worker_size,
          theirs.worker_size == 0 || theirs.worker_size == ours.worker_size);
  if (why.empty()) return {};
  return refuse_plugin(path, why, "built with SDK " + release_text(theirs.sdk_release) + "\n" + cure);
}

}  // namespace mortise
