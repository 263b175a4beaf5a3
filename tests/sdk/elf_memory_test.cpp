#include "sdk/inspect/elf_memory.h"

#include <uwsgi.h>

#include <catch2/catch.hpp>

#include "tests/sdk/fixture_file.h"

using namespace mortise;

namespace {

struct Loaded {
  std::string bytes;
  ElfImage image;
  ElfDynamic dynamic;
  ElfMemory memory;
};

std::unique_ptr<Loaded> load(std::string bytes, uint16_t machine = kNativeMachine) {
  auto loaded = std::make_unique<Loaded>();
  loaded->bytes = std::move(bytes);
  auto image = ElfImage::parse(loaded->bytes, machine);
  REQUIRE(image);
  auto dynamic = read_dynamic(*image);
  REQUIRE(dynamic);
  auto memory = ElfMemory::relocate(*image, *dynamic);
  REQUIRE(memory);
  loaded->image = std::move(*image);
  loaded->dynamic = std::move(*dynamic);
  loaded->memory = std::move(*memory);
  return loaded;
}

std::unique_ptr<Loaded> load_fixture(const std::string &name) {
  return load(file_bytes(fixture_path(name)));
}

std::optional<uint64_t> read_pointer(const ElfMemory &memory, uint64_t address) {
  uint64_t pointer;
  return memory.read(address, &pointer, sizeof pointer) ? std::optional(pointer) : std::nullopt;
}

// The same file as another machine's, relocation types included.
std::string as_other_machine(std::string bytes) {
  const bool to_arm = kNativeMachine == EM_X86_64;
  const uint64_t types[][2] = {{R_X86_64_RELATIVE, R_AARCH64_RELATIVE},
                               {R_X86_64_64, R_AARCH64_ABS64},
                               {R_X86_64_GLOB_DAT, R_AARCH64_GLOB_DAT}};
  auto loaded = load(bytes);
  const size_t begin = loaded->dynamic.relocations.data() - loaded->bytes.data();
  for (size_t at = begin; at < begin + loaded->dynamic.relocations.size(); at += sizeof(Elf64_Rela)) {
    Elf64_Rela entry;
    read_object(bytes, at, &entry);
    for (const auto &type : types)
      if (ELF64_R_TYPE(entry.r_info) == type[!to_arm]) {
        patch<uint64_t>(bytes, at + offsetof(Elf64_Rela, r_info),
                        ELF64_R_INFO(ELF64_R_SYM(entry.r_info), type[to_arm]));
        break;
      }
  }
  patch<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine), to_arm ? EM_AARCH64 : EM_X86_64);
  return bytes;
}

}  // namespace

TEST_CASE("symbols are found without section headers, imported ones apart from defined ones") {
  std::string bytes = file_bytes(fixture_path("described"));
  patch<uint64_t>(bytes, offsetof(Elf64_Ehdr, e_shoff), 0);
  patch<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_shnum), 0);
  auto loaded = load(std::move(bytes));
  const ElfSymbol *table = loaded->dynamic.find_symbol("described_plugin");
  REQUIRE(table);
  CHECK(table->size == sizeof(uwsgi_plugin));
  CHECK_FALSE(table->function);
  const ElfSymbol *function = loaded->dynamic.find_symbol("uwsgi_described_answer");
  REQUIRE(function);
  CHECK(function->function);
  CHECK_FALSE(loaded->dynamic.find_symbol("uwsgi_log"));
  CHECK_FALSE(loaded->dynamic.find_symbol(""));
  CHECK(std::count_if(
            loaded->dynamic.symbols.begin(), loaded->dynamic.symbols.end(),
            [](const ElfSymbol &symbol) { return symbol.name == "uwsgi_log" && !symbol.defined; }) == 1);
}

TEST_CASE("pointers in data lead to what they point to after loading") {
  auto loaded = load_fixture("described");
  const ElfMemory &memory = loaded->memory;
  const uint64_t table = loaded->dynamic.find_symbol("described_plugin")->value;
  auto name = read_pointer(memory, table + offsetof(uwsgi_plugin, name));
  REQUIRE(name);
  CHECK(memory.read_string(*name, 100) == "described");
  CHECK(read_pointer(memory, table + offsetof(uwsgi_plugin, alias)) == uint64_t{0});
  auto options = read_pointer(memory, table + offsetof(uwsgi_plugin, options));
  REQUIRE(options);
  auto option_name = read_pointer(memory, *options);
  REQUIRE(option_name);
  CHECK(memory.read_string(*option_name, 100) == "described");
}

TEST_CASE("a pointer into another file is not null and cannot be followed") {
  auto loaded = load_fixture("described");
  const uint64_t table = loaded->dynamic.find_symbol("described_plugin")->value;
  auto hook = read_pointer(loaded->memory, table + offsetof(uwsgi_plugin, after_request));
  CHECK(hook == ElfMemory::kElsewhere);
  CHECK_FALSE(read_pointer(loaded->memory, *hook));
  CHECK_FALSE(loaded->memory.read_string(*hook, 10));
}

TEST_CASE("relocations of both machines are understood") {
  const uint16_t other = kNativeMachine == EM_X86_64 ? EM_AARCH64 : EM_X86_64;
  auto loaded = load(as_other_machine(file_bytes(fixture_path("described"))), other);
  const uint64_t table = loaded->dynamic.find_symbol("described_plugin")->value;
  auto name = read_pointer(loaded->memory, table + offsetof(uwsgi_plugin, name));
  REQUIRE(name);
  CHECK(loaded->memory.read_string(*name, 100) == "described");
  CHECK(read_pointer(loaded->memory, table + offsetof(uwsgi_plugin, after_request)) == ElfMemory::kElsewhere);
}

TEST_CASE("strings are bounded, and zeros follow what the file gives of a segment") {
  auto loaded = load_fixture("described");
  const uint64_t table = loaded->dynamic.find_symbol("described_plugin")->value;
  const uint64_t name = read_pointer(loaded->memory, table).value_or(0);
  CHECK(loaded->memory.read_string(name, 9) == "described");
  CHECK_FALSE(loaded->memory.read_string(name, 8));
  CHECK_FALSE(loaded->memory.read_string(0x7fffffffffff, 8));
  for (const Elf64_Phdr &segment : loaded->image.loads()) {
    if (segment.p_memsz == segment.p_filesz) continue;
    CHECK(loaded->memory.read_string(segment.p_vaddr + segment.p_filesz, 8) == "");
    uint64_t last = 1;
    CHECK(loaded->memory.read(segment.p_vaddr + segment.p_memsz - sizeof last, &last, sizeof last));
    CHECK(last == 0);
    CHECK_FALSE(loaded->memory.read(segment.p_vaddr + segment.p_memsz - 7, &last, sizeof last));
  }
}

TEST_CASE("libraries that an object needs are listed") {
  auto loaded = load_fixture("described");
  const auto &needed = loaded->dynamic.needed;
  CHECK(std::count(needed.begin(), needed.end(), "libc.so.6") == 1);
}

TEST_CASE("an executable is told from a shared object though both are ET_DYN") {
  const std::string bytes = file_bytes("/proc/self/exe");
  auto image = ElfImage::parse(bytes);
  if (!image) return;  // linked as ET_EXEC: refused earlier
  auto dynamic = read_dynamic(*image);
  REQUIRE_FALSE(dynamic);
  CHECK(dynamic.error().why == "an executable, no shared object");
}
