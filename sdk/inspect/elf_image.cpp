#include "sdk/inspect/elf_image.h"

#include <cinttypes>

#include "sdk/runtime/strings.h"

namespace mortise {
namespace {

constexpr const char *kLink = "link it with -shared";
constexpr size_t kMaxSegments = 256;           // linkers make about a dozen
constexpr size_t kMaxNoteBytes = 1024 * 1024;  // ours has 44 bytes for each object file

std::string machine_name(int machine) {
  return machine == EM_X86_64    ? "x86-64"
         : machine == EM_AARCH64 ? "aarch64"
                                 : format_text("machine %d", machine);
}

Result<void> check_within(const char *part, uint64_t offset, uint64_t bytes, size_t file_bytes) {
  if (offset <= file_bytes && bytes <= file_bytes - offset) return {};
  return damaged_elf(format_text("truncated: its %s of %" PRIu64 " bytes at %" PRIu64
                                 " is not within %zu bytes",
                                 part, bytes, offset, file_bytes));
}

Result<void> check_header(const Elf64_Ehdr &header, int machine) {
  const std::string ours = machine_name(machine);
  std::string theirs = machine_name(header.e_machine);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) theirs = "a 32-bit machine";
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) theirs = "a big-endian machine";
  if (theirs != ours)
    return wrong_elf("built for " + theirs + ", this server runs on " + ours, "build it for " + ours);
  if (header.e_type == ET_REL) return wrong_elf("an object file, no shared object", kLink);
  if (header.e_type != ET_DYN) return wrong_elf("an executable, no shared object", kLink);
  if (header.e_phentsize == sizeof(Elf64_Phdr) && header.e_phnum <= kMaxSegments) return {};
  return damaged_elf(
      format_text("damaged: %d program headers of %d bytes", header.e_phnum, header.e_phentsize));
}

}  // namespace

Error wrong_elf(std::string why, std::string hint) {
  return Error{"read shared object", std::move(why), std::move(hint), kExitPlugin};
}

Error damaged_elf(std::string why) {
  return wrong_elf(std::move(why), "copy it or build it again");
}

Result<ElfImage> ElfImage::parse(std::string_view bytes, uint16_t machine) {
  if (bytes.empty()) return damaged_elf("an empty file");
  if (!bytes.starts_with(ELFMAG))
    return wrong_elf("not an ELF file", "mortise --build-plugin makes a shared object of a source file");
  Elf64_Ehdr header;
  if (auto whole = check_within("header", 0, sizeof header, bytes.size()); !whole) return whole.error();
  read_object(bytes, 0, &header);
  if (auto right = check_header(header, machine); !right) return right.error();
  const uint64_t table_bytes = header.e_phnum * sizeof(Elf64_Phdr);
  if (auto whole = check_within("program header table", header.e_phoff, table_bytes, bytes.size()); !whole)
    return whole.error();

  ElfImage image;
  image.bytes_ = bytes;
  image.machine_ = machine;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    read_object(bytes, header.e_phoff + i * sizeof segment, &segment);
    if (auto added = image.add_segment(segment); !added) return added.error();
  }
  if (image.dynamic_.empty()) return wrong_elf("no dynamic section, so no shared object", kLink);
  return image;
}

Result<void> ElfImage::add_segment(Elf64_Phdr segment) {
  const bool load = segment.p_type == PT_LOAD, note = segment.p_type == PT_NOTE;
  if (!load && !note && segment.p_type != PT_DYNAMIC) return {};
  if (segment.p_filesz == 0) segment.p_offset = 0;  // means nothing then, and may lie outside the file
  const char *part = load ? "segment" : note ? "note segment" : "dynamic section";
  if (auto whole = check_within(part, segment.p_offset, segment.p_filesz, bytes_.size()); !whole)
    return whole;
  if (load && (segment.p_memsz < segment.p_filesz || segment.p_vaddr > UINT64_MAX - segment.p_memsz))
    return damaged_elf("damaged: a segment does not fit into memory");
  if (note && segment.p_filesz > kMaxNoteBytes) return damaged_elf("damaged: more than a megabyte of notes");
  if (load)
    loads_.push_back(segment);
  else if (note)
    notes_.push_back(contents(segment));
  else
    dynamic_ = contents(segment);
  return {};
}

std::string_view ElfImage::at(uint64_t address) const {
  for (const Elf64_Phdr &load : loads_)
    if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz)
      return contents(load).substr(address - load.p_vaddr);
  return {};
}

// Linkers disagree about the padding between notes of different alignment, so ours are recognised by header
// and owner at every four bytes instead of by walking from one to the next.
Result<std::vector<std::string_view>> ElfImage::notes(std::string_view owner, uint32_t type) const {
  std::vector<std::string_view> found;
  const size_t name_bytes = (owner.size() + 1 + 3) / 4 * 4;
  for (std::string_view segment : notes_) {
    Elf64_Nhdr header;
    for (size_t offset = 0; read_object(segment, offset, &header); offset += 4) {
      if (header.n_type != type || header.n_namesz != owner.size() + 1) continue;
      std::string_view rest = segment.substr(offset + sizeof header);
      if (rest.size() < name_bytes || !rest.starts_with(owner) || rest[owner.size()] != '\0') continue;
      if (header.n_descsz > rest.size() - name_bytes)
        return damaged_elf("damaged: a note ends outside its segment");
      found.push_back(rest.substr(name_bytes, header.n_descsz));
      offset += sizeof header + name_bytes + header.n_descsz / 4 * 4 - 4;
    }
  }
  return found;
}

}  // namespace mortise
