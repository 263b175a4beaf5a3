#include "sdk/inspect/elf_image.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/sdk/fixture_file.h"

using namespace mortise;

namespace {

// The smallest file that is a shared object, with the given note segments.
std::string make_image(const std::vector<std::string> &note_segments) {
  std::vector<Elf64_Phdr> segments(2 + note_segments.size());
  const size_t head = sizeof(Elf64_Ehdr) + segments.size() * sizeof(Elf64_Phdr);
  std::string contents(sizeof(Elf64_Dyn), '\0');  // DT_NULL
  segments[1].p_type = PT_DYNAMIC;
  segments[1].p_offset = head;
  segments[1].p_filesz = contents.size();
  for (size_t i = 0; i < note_segments.size(); ++i) {
    segments[2 + i].p_type = PT_NOTE;
    segments[2 + i].p_offset = head + contents.size();
    segments[2 + i].p_filesz = note_segments[i].size();
    contents += note_segments[i];
  }
  segments[0].p_type = PT_LOAD;
  segments[0].p_vaddr = 0x1000;
  segments[0].p_offset = head;
  segments[0].p_filesz = segments[0].p_memsz = contents.size();

  Elf64_Ehdr header{};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
  header.e_machine = kNativeMachine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<uint16_t>(segments.size());
  std::string bytes(reinterpret_cast<const char *>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char *>(segments.data()), segments.size() * sizeof segments[0]);
  return bytes + contents;
}

std::string make_note(const std::string &owner, uint32_t type, const std::string &descriptor) {
  const Elf64_Nhdr header{static_cast<uint32_t>(owner.size() + 1), static_cast<uint32_t>(descriptor.size()),
                          type};
  std::string note(reinterpret_cast<const char *>(&header), sizeof header);
  note += owner;
  note.append(4 - owner.size() % 4, '\0');
  note += descriptor;
  note.append((4 - descriptor.size() % 4) % 4, '\0');
  return note;
}

std::vector<std::string> find_notes(const std::string &bytes) {
  auto image = ElfImage::parse(bytes);
  REQUIRE(image);
  auto notes = image->notes("mortise", 1);
  REQUIRE(notes);
  return {notes->begin(), notes->end()};
}

std::string refusal(const std::string &bytes, uint16_t machine = kNativeMachine) {
  auto image = ElfImage::parse(bytes, machine);
  REQUIRE_FALSE(image);
  CHECK(image.error().exit_code == kExitPlugin);
  return image.error().why + " (" + image.error().hint + ")";
}

template <typename T>
std::string with(size_t offset, T value) {
  std::string bytes = make_image({});
  patch(bytes, offset, value);
  return bytes;
}

using Notes = std::vector<std::string>;

}  // namespace

TEST_CASE("a file that is not ELF is refused") {
  CHECK(refusal("#!/bin/sh\n") ==
        "not an ELF file (mortise --build-plugin makes a shared object of a source file)");
  CHECK(refusal("") == "an empty file (copy it or build it again)");
}

TEST_CASE("a file for another machine is refused with both machines") {
  const uint16_t x86 = EM_X86_64, arm = EM_AARCH64;
  CHECK(refusal(with(offsetof(Elf64_Ehdr, e_machine), arm), x86) ==
        "built for aarch64, this server runs on x86-64 (build it for x86-64)");
  CHECK(refusal(with(offsetof(Elf64_Ehdr, e_machine), x86), arm) ==
        "built for x86-64, this server runs on aarch64 (build it for aarch64)");
  CHECK(refusal(with<uint16_t>(offsetof(Elf64_Ehdr, e_machine), 21), x86) ==
        "built for machine 21, this server runs on x86-64 (build it for x86-64)");
  std::string bytes = with<uint8_t>(EI_CLASS, ELFCLASS32);
  patch(bytes, offsetof(Elf64_Ehdr, e_machine), x86);
  CHECK(refusal(bytes, x86) ==
        "built for a 32-bit machine, this server runs on x86-64 (build it for x86-64)");
  patch<uint8_t>(bytes, EI_DATA, ELFDATA2MSB);
  CHECK(refusal(bytes, x86) ==
        "built for a big-endian machine, this server runs on x86-64 (build it for x86-64)");
}

TEST_CASE("an ELF file that is no shared object is refused") {
  const size_t type = offsetof(Elf64_Ehdr, e_type);
  CHECK(refusal(with<uint16_t>(type, ET_EXEC)) == "an executable, no shared object (link it with -shared)");
  CHECK(refusal(with<uint16_t>(type, ET_REL)) == "an object file, no shared object (link it with -shared)");
  std::string bytes = make_image({});
  patch<uint32_t>(bytes, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), PT_NULL);
  CHECK(refusal(bytes) == "no dynamic section, so no shared object (link it with -shared)");
}

TEST_CASE("a truncated file is refused with what is missing") {
  const std::string bytes = make_image({make_note("mortise", 1, "note")});
  CHECK(refusal(bytes.substr(0, 20)) ==
        "truncated: its header of 64 bytes at 0 is not within 20 bytes (copy it or build it again)");
  CHECK(refusal(bytes.substr(0, 100)) ==
        "truncated: its program header table of 168 bytes at 64 is not within 100 bytes (copy it or build it "
        "again)");
  CHECK(refusal(bytes.substr(0, 240)) ==
        "truncated: its segment of 40 bytes at 232 is not within 240 bytes (copy it or build it again)");
  for (size_t len = 0; len < bytes.size(); ++len) {
    CAPTURE(len);
    CHECK_FALSE(ElfImage::parse(std::string_view(bytes).substr(0, len)));
  }
}

TEST_CASE("sizes that no linker writes are refused") {
  const size_t load = sizeof(Elf64_Ehdr);
  CHECK(refusal(with<uint16_t>(offsetof(Elf64_Ehdr, e_phnum), 257)) ==
        "damaged: 257 program headers of 56 bytes (copy it or build it again)");
  CHECK(refusal(with<uint16_t>(offsetof(Elf64_Ehdr, e_phentsize), 32)) ==
        "damaged: 2 program headers of 32 bytes (copy it or build it again)");
  const std::string no_fit = "damaged: a segment does not fit into memory (copy it or build it again)";
  CHECK(refusal(with<uint64_t>(load + offsetof(Elf64_Phdr, p_memsz), 1)) == no_fit);
  CHECK(refusal(with<uint64_t>(load + offsetof(Elf64_Phdr, p_vaddr), UINT64_MAX - 4)) == no_fit);
  CHECK(refusal(with<uint64_t>(offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 4)).starts_with("truncated: "));
  CHECK(refusal(make_image({std::string(1024 * 1024 + 4, 'n')})) ==
        "damaged: more than a megabyte of notes (copy it or build it again)");
}

TEST_CASE("a segment without contents in the file may name any offset") {
  std::string bytes = with<uint64_t>(sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 0);
  patch<uint64_t>(bytes, sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), 1 << 30);
  auto image = ElfImage::parse(bytes);
  REQUIRE(image);
  CHECK(image->at(0x1000).empty());
}

TEST_CASE("an address gives what the file has there, to the end of the segment") {
  const std::string bytes = make_image({"contents"});
  auto image = ElfImage::parse(bytes);
  REQUIRE(image);
  const size_t note = 0x1000 + sizeof(Elf64_Dyn);
  CHECK(image->at(note) == "contents");
  CHECK(image->at(note + 7) == "s");
  CHECK(image->at(note + 8).empty());
  CHECK(image->at(0xfff).empty());
  CHECK(image->at(UINT64_MAX).empty());
}

TEST_CASE("all notes of an owner and type are found, in order") {
  const std::string ours = make_note("mortise", 1, "one!") + make_note("mortise", 1, "two!");
  CHECK(find_notes(make_image({ours})) == Notes{"one!", "two!"});
  CHECK(find_notes(make_image({make_note("GNU", 1, "abcd"), ours, make_note("mortise", 1, "more")})) ==
        Notes{"one!", "two!", "more"});
  CHECK(
      find_notes(make_image({make_note("mortise", 2, "type"), make_note("mortisf", 1, "name"), ""})).empty());
  CHECK(find_notes(make_image({make_note("mortise", 1, "")})) == Notes{""});
}

TEST_CASE("notes are found whatever padding a linker puts between them") {
  const std::string note = make_note("mortise", 1, "note");
  for (size_t padding : {4, 8, 12, 20, 64}) {
    const std::string zeros(padding, '\0');
    CHECK(find_notes(make_image({note + zeros + note + make_note("GNU", 5, "12345678") + zeros + note}))
              .size() == 3);
  }
}

TEST_CASE("a note that ends outside its segment is an error") {
  const std::string note = make_note("mortise", 1, "descriptor!!");
  for (size_t len = 20; len < note.size(); len += 4) {
    const std::string bytes = make_image({note.substr(0, len)});
    auto image = ElfImage::parse(bytes);
    REQUIRE(image);
    auto notes = image->notes("mortise", 1);
    REQUIRE_FALSE(notes);
    CHECK(notes.error().why == "damaged: a note ends outside its segment");
  }
}
