// What a shared object says to the dynamic linker: symbols, needed libraries, relocations.
#pragma once

#include "sdk/inspect/elf_image.h"

namespace mortise {

struct ElfSymbol {
  std::string_view name;  // empty where it is longer than a kilobyte
  uint64_t value = 0;
  uint64_t size = 0;
  bool defined = false;  // and exported: this table has no others
  bool weak = false;
  bool function = false;
};

// Views into the image's bytes.
struct ElfDynamic {
  std::vector<ElfSymbol> symbols;  // as in the file; the first one is none
  std::vector<std::string_view> needed;
  std::string_view relocations;  // Elf64_Rela, those of the PLT not among them

  // The symbol of this name that the object defines; nullptr: none.
  const ElfSymbol *find_symbol(std::string_view name) const;
  // Bytes from an address to the end of the data symbol around it; 0: no symbol covers it.
  uint64_t bytes_to_end_of_object(uint64_t address) const;
};

Result<ElfDynamic> read_dynamic(const ElfImage &image);

}  // namespace mortise
