// What a plugin was built for, and whether this server can run it: its ABI note read, compared, refused with
// a reason. There is no way around a refusal.
#pragma once

#include <mortise/abi_note.h>

#include <string>

#include "sdk/inspect/elf_image.h"

namespace mortise {

using AbiNote = uwsgi_abi;

// Why a plugin without a note is refused: uWSGI's own binaries are such.
constexpr const char *kNoAbiNote = "it has no ABI note";

// The note of this server.
const AbiNote &our_abi();

// The note that all object files of a plugin agree on. `path` is for the message.
Result<AbiNote> read_abi_note(const ElfImage &image, const std::string &path);

// Major equal; minor, features, sizes of plugin and request not above ours; size of a worker exactly ours,
// since workers are reached by index, or 0: one that never looks into it.
Result<void> check_abi(const AbiNote &theirs, const AbiNote &ours, const std::string &path);

// "plugin './x_plugin.so' refused: why", and the hint's lines.
Error refuse_plugin(const std::string &path, std::string why, std::string hint);

// "rebuild it with this server's SDK: mortise --build-plugin x.c"; the source's name is a guess. Where it is
// uWSGI's, which of ours does its work.
std::string rebuild_hint(const std::string &path);

// "1.4" and "1.4.0".
std::string abi_text(const AbiNote &note);
std::string release_text(uint32_t sdk_release);

}  // namespace mortise
