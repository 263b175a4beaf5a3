// A shared object's data as it would be when loaded at address 0: pointers between its parts can be followed.
#pragma once

#include <optional>

#include "sdk/inspect/elf_dynamic.h"

namespace mortise {

class ElfMemory {
 public:
  // A pointer to something in another file: not null, and nothing can be read there.
  static constexpr uint64_t kElsewhere = UINT64_MAX;

  // The image's bytes must outlive the memory. Fails for more than 64 MiB of writable data.
  static Result<ElfMemory> relocate(const ElfImage &image, const ElfDynamic &dynamic);

  // Copies bytes at an address; false where not all of them belong to the object.
  bool read(uint64_t address, void *to, size_t bytes) const;
  // A NUL-terminated string of at most max bytes. nullopt: no such address, or no NUL.
  std::optional<std::string> read_string(uint64_t address, size_t max) const;

 private:
  struct Segment {
    uint64_t address, bytes;  // in memory; what the file does not give is zero
    std::string_view file;
    std::string writable;  // relocated copy of it, where the segment is writable
    std::string_view contents() const { return writable.empty() ? file : std::string_view(writable); }
  };
  const Segment *find(uint64_t address) const;

  std::vector<Segment> segments_;
};

}  // namespace mortise
