#include "sdk/inspect/elf_memory.h"

#include <algorithm>

namespace mortise {

static constexpr size_t kMaxWritableBytes = 64 * 1024 * 1024;

// Only relocations of whole pointers matter here. DT_RELR is not looked at: it lists words to which the load
// address is added, and that is 0.
Result<ElfMemory> ElfMemory::relocate(const ElfImage &image, const ElfDynamic &dynamic) {
  ElfMemory memory;
  size_t writable_bytes = 0;
  for (const Elf64_Phdr &load : image.loads()) {
    memory.segments_.push_back({load.p_vaddr, load.p_memsz, image.contents(load), {}});
    if (!(load.p_flags & PF_W)) continue;
    writable_bytes += load.p_filesz;
    if (writable_bytes > kMaxWritableBytes) return damaged_elf("damaged: more than 64 MiB of writable data");
    memory.segments_.back().writable = image.contents(load);
  }
  const bool x86 = image.machine() == EM_X86_64;
  const uint64_t relative = x86 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;
  const uint64_t symbolic = x86 ? R_X86_64_64 : R_AARCH64_ABS64;
  Elf64_Rela entry;
  for (uint64_t at = 0; read_object(dynamic.relocations, at, &entry); at += sizeof entry) {
    const uint64_t type = ELF64_R_TYPE(entry.r_info), index = ELF64_R_SYM(entry.r_info);
    if (type != relative && type != symbolic) continue;
    auto *segment = const_cast<Segment *>(memory.find(entry.r_offset));
    if (!segment || entry.r_offset - segment->address + sizeof(uint64_t) > segment->writable.size()) continue;
    auto value = static_cast<uint64_t>(entry.r_addend);
    const bool here = index < dynamic.symbols.size() && dynamic.symbols[index].defined;
    if (type == symbolic) value = here ? value + dynamic.symbols[index].value : kElsewhere;
    memcpy(segment->writable.data() + (entry.r_offset - segment->address), &value, sizeof value);
  }
  return memory;
}

const ElfMemory::Segment *ElfMemory::find(uint64_t address) const {
  for (const Segment &segment : segments_)  // the ELF header stands at 0, but nothing points there
    if (address && address >= segment.address && address - segment.address < segment.bytes) return &segment;
  return nullptr;
}

bool ElfMemory::read(uint64_t address, void *to, size_t bytes) const {
  const Segment *segment = find(address);
  if (!segment || bytes > segment->bytes - (address - segment->address)) return false;
  memset(to, 0, bytes);
  const uint64_t offset = address - segment->address;
  if (offset < segment->contents().size()) segment->contents().copy(static_cast<char *>(to), bytes, offset);
  return true;
}

std::optional<std::string> ElfMemory::read_string(uint64_t address, size_t max) const {
  const Segment *segment = find(address);
  if (!segment) return std::nullopt;
  std::string_view contents = segment->contents();
  std::string_view text =
      contents.substr(std::min<uint64_t>(address - segment->address, contents.size()), max + 1);
  const size_t end = text.find('\0');
  if (end != std::string_view::npos) return std::string(text.substr(0, end));
  const bool zeros_follow = text.size() <= max && segment->bytes > contents.size();
  return zeros_follow ? std::optional(std::string(text)) : std::nullopt;
}

}  // namespace mortise
