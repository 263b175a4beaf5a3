#include "sdk/inspect/elf_dynamic.h"

#include <algorithm>

namespace mortise {
namespace {

constexpr size_t kMaxNameBytes = 1024;  // mangled names included
constexpr uint64_t kMaxSymbols = 1024 * 1024;
constexpr uint64_t kMaxTags = 4096;

std::string_view string_at(std::string_view table, uint64_t offset) {
  std::string_view text = table.substr(std::min<uint64_t>(offset, table.size()), kMaxNameBytes);
  size_t end = text.find('\0');
  return text.substr(0, end == std::string_view::npos ? 0 : end);
}

// The symbol table does not say how long it is, the hash tables do: in DT_GNU_HASH the last symbol ends the
// chain that starts highest.
uint64_t count_symbols(std::string_view hash_table, std::string_view gnu_hash_table) {
  uint32_t count = 0;
  if (read_object(hash_table, 4, &count)) return count;
  struct {
    uint32_t buckets, first_symbol, bloom_words, bloom_shift;
  } header;
  if (!read_object(gnu_hash_table, 0, &header)) return 0;
  const uint64_t buckets = sizeof header + uint64_t{header.bloom_words} * 8;
  const uint64_t chains = buckets + uint64_t{header.buckets} * 4;
  uint64_t last = 0;
  uint32_t symbol, hash = 0;
  for (uint64_t at = buckets; at < chains && read_object(gnu_hash_table, at, &symbol); at += 4)
    last = std::max<uint64_t>(last, symbol);
  if (last < header.first_symbol) return header.first_symbol;
  while (read_object(gnu_hash_table, chains + (last - header.first_symbol) * 4, &hash) && !(hash & 1)) ++last;
  return last + 1;
}

}  // namespace

const ElfSymbol *ElfDynamic::find_symbol(std::string_view name) const {
  for (const ElfSymbol &symbol : symbols)
    if (symbol.defined && symbol.name == name) return &symbol;
  return nullptr;
}

uint64_t ElfDynamic::bytes_to_end_of_object(uint64_t address) const {
  for (const ElfSymbol &symbol : symbols)
    if (symbol.defined && !symbol.function && address >= symbol.value && address - symbol.value < symbol.size)
      return symbol.size - (address - symbol.value);
  return 0;
}

Result<ElfDynamic> read_dynamic(const ElfImage &image) {
  std::vector<Elf64_Dyn> entries;
  Elf64_Dyn entry;
  for (uint64_t at = 0; at < kMaxTags * sizeof entry; at += sizeof entry) {
    if (!read_object(image.dynamic_section(), at, &entry) || entry.d_tag == DT_NULL) break;
    entries.push_back(entry);
  }
  auto value = [&](int64_t tag) {  // of the last one; 0 if there is none
    auto found =
        std::find_if(entries.rbegin(), entries.rend(), [=](auto &each) { return each.d_tag == tag; });
    return found == entries.rend() ? uint64_t{0} : found->d_un.d_val;
  };
  auto part = [&](int64_t tag) { return value(tag) ? image.at(value(tag)) : std::string_view(); };
  if (value(DT_FLAGS_1) & DF_1_PIE)
    return wrong_elf("an executable, no shared object", "link it with -shared");
  ElfDynamic dynamic;
  const std::string_view names = part(DT_STRTAB).substr(0, value(DT_STRSZ)), table = part(DT_SYMTAB);
  for (const Elf64_Dyn &each : entries)
    if (each.d_tag == DT_NEEDED) dynamic.needed.push_back(string_at(names, each.d_un.d_val));

  const uint64_t count = count_symbols(part(DT_HASH), part(DT_GNU_HASH));
  if (count > kMaxSymbols || count > table.size() / sizeof(Elf64_Sym))
    return damaged_elf("damaged: its symbol table ends outside its segment");
  dynamic.symbols.reserve(count);
  Elf64_Sym raw;
  for (uint64_t i = 0; i < count && read_object(table, i * sizeof raw, &raw); ++i) {
    const unsigned type = ELF64_ST_TYPE(raw.st_info);
    dynamic.symbols.push_back({string_at(names, raw.st_name), raw.st_value, raw.st_size,
                               raw.st_shndx != SHN_UNDEF, ELF64_ST_BIND(raw.st_info) == STB_WEAK,
                               type == STT_FUNC || type == STT_GNU_IFUNC});
  }
  dynamic.relocations = part(DT_RELA).substr(0, value(DT_RELASZ));
  if (dynamic.relocations.size() < value(DT_RELASZ))
    return damaged_elf("damaged: its relocations end outside their segment");
  return dynamic;
}

}  // namespace mortise
