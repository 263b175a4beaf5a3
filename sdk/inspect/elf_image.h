// The bytes of a shared object, neither run nor trusted: header, segments, notes. All is found through the
// program headers, since section headers may be stripped; every offset is checked. Knows nothing of plugins.
#pragma once

#include <elf.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "kernel/result.h"

namespace mortise {

#if defined(__x86_64__)
constexpr uint16_t kNativeMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kNativeMachine = EM_AARCH64;
#else
#error "plugins are checked before they are loaded, which is written for x86-64 and aarch64"
#endif

// Errors about a file's kind and about damage. `what` is set by the caller, who knows the file's name.
Error wrong_elf(std::string why, std::string hint);
Error damaged_elf(std::string why);

// Copies an object out of bytes; false where it does not lie within them.
template <typename T>
bool read_object(std::string_view bytes, uint64_t offset, T *object) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  memcpy(object, bytes.data() + offset, sizeof(T));
  return true;
}

class ElfImage {
 public:
  // bytes must outlive the image.
  static Result<ElfImage> parse(std::string_view bytes, uint16_t machine = kNativeMachine);

  uint16_t machine() const { return machine_; }
  const std::vector<Elf64_Phdr> &loads() const { return loads_; }
  // What the file has for a segment of loads().
  std::string_view contents(const Elf64_Phdr &segment) const {
    return bytes_.substr(segment.p_offset, segment.p_filesz);
  }
  // File contents from a virtual address to the end of its segment, unrelocated; empty where nothing is.
  std::string_view at(uint64_t address) const;
  std::string_view dynamic_section() const { return dynamic_; }
  // Descriptors of all notes with this owner and type.
  Result<std::vector<std::string_view>> notes(std::string_view owner, uint32_t type) const;

 private:
  Result<void> add_segment(Elf64_Phdr segment);

  std::string_view bytes_, dynamic_;
  uint16_t machine_ = 0;
  std::vector<Elf64_Phdr> loads_;
  std::vector<std::string_view> notes_;
};

}  // namespace mortise
