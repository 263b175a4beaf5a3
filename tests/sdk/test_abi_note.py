"""The ABI note is in every plugin, whichever compiler, linker, flag or strip made it, and the server reads it there."""

import os
import pathlib
import shutil
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "sdk/include"
TOOL = pathlib.Path(os.environ.get("MORTISE_BUILD", ROOT / "build")) / "mortise-plugin"

C_COMPILERS = [cc for cc in ("gcc", "clang", "clang-14") if shutil.which(cc)]
CXX_COMPILERS = [cxx for cxx in ("g++", "clang++", "clang++-14") if shutil.which(cxx)]
LINKERS = [name for name in ("bfd", "gold", "lld") if shutil.which("ld." + name)]

PT_LOAD, PT_NOTE = 1, 4

PLUGIN = """
#include <uwsgi.h>
static struct uwsgi_option options[] = {{"noted", no_argument, 0, "help", uwsgi_opt_true, NULL, 0},
                                        {NULL, 0, 0, NULL, NULL, NULL, 0}};
static int start(void) { uwsgi_log("started\\n"); return 0; }
struct uwsgi_plugin noted_plugin = {.name = "noted", .init = start, .options = options};
"""
UNIT = """
#include <uwsgi.h>
int noted_unit(void) { return uwsgi_is_again(); }
"""

FLAGS = {
    "plain": [],
    "optimised": ["-O3", "-g"],
    "collected": ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"],
    "lto": ["-O2", "-flto", "-ffat-lto-objects", "-Wl,--gc-sections"],
    "stripped by the linker": ["-Wl,-s,--gc-sections,-O1"],
    "hardened": ["-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-fcf-protection=full", "-Wl,-z,relro,-z,now"],
    "old hash table": ["-Wl,--hash-style=sysv"],
    "new hash table": ["-Wl,--hash-style=gnu"],
    "without build id": ["-Wl,--build-id=none"],
    "with build id": ["-Wl,--build-id=sha1"],
    "address sanitizer": ["-fsanitize=address"],
    "packed relocations": ["-Wl,--pack-dyn-relocs=relr"],
    "folded": ["-ffunction-sections", "-Wl,--icf=all"],
}
ONLY_WITH = {"packed relocations": {"lld"}, "folded": {"gold", "lld"}}
# lld does not know gcc's LTO: it takes the machine code out of the fat objects. The others need a plugin for clang's.
LLVM_PLUGIN = any(pathlib.Path("/usr/lib").glob("llvm-*/lib/LLVMgold.so"))

STRIPS = {
    "strip": ["strip"],
    "strip what is not needed": ["strip", "--strip-unneeded"],
    "strip as Debian does": ["strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note"],
    "llvm-strip": ["llvm-strip", "--strip-all"],
    "llvm-strip the section headers": ["llvm-strip", "--strip-sections"],
}


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def build(folder, compiler, flags, units=(PLUGIN,), suffix=".c"):
    """noted_plugin.so of these units, each compiled by itself; its path. Warnings fail."""
    objects = []
    compile_flags = [flag for flag in flags if not flag.startswith(("-Wl,", "-fuse-ld"))]
    for number, unit in enumerate(units):
        source, compiled = folder / f"unit{number}{suffix}", folder / f"unit{number}.o"
        source.write_text(unit, encoding="utf-8")
        message = run(compiler, "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-fPIC", "-I", INCLUDE,
                      *compile_flags, "-c", source, "-o", compiled)
        assert message == ""
        objects.append(compiled)
    plugin = folder / "noted_plugin.so"
    run(compiler, "-shared", *flags, *objects, "-o", plugin)
    return plugin


def segments(data):
    assert data[:4] == b"\x7fELF"
    table, = struct.unpack_from("<Q", data, 32)
    entry_bytes, count = struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, flags, offset, address, _, file_bytes, memory_bytes, align = struct.unpack_from(
            "<IIQQQQQQ", data, table + number * entry_bytes)
        yield kind, flags, offset, address, file_bytes, memory_bytes, align


def notes(plugin):
    """Our notes, by a reader of their own: walks the segments as the System V ABI describes them."""
    data, found = plugin.read_bytes(), []
    loads = [(offset, offset + size) for kind, _, offset, _, size, _, _ in segments(data) if kind == PT_LOAD]
    for kind, _, offset, _, size, _, align in segments(data):
        if kind != PT_NOTE or align > 4:
            continue
        assert any(begin <= offset and offset + size <= end for begin, end in loads), "the note would not be loaded"
        end = offset + size
        while offset + 12 <= end:
            name_bytes, descriptor_bytes, note_type = struct.unpack_from("<III", data, offset)
            name = data[offset + 12:offset + 12 + name_bytes]
            offset += 12 + (name_bytes + 3) // 4 * 4
            if name == b"mortise\0" and note_type == 1:
                found.append(struct.unpack("<HHIIIII", data[offset:offset + descriptor_bytes]))
            offset += (descriptor_bytes + 3) // 4 * 4
    return found


def check(plugin, count=1):
    found = notes(plugin)
    assert len(found) == count and len(set(found)) == 1, found
    major, minor, features, plugin_bytes, request_bytes, worker_bytes, release = found[0]
    assert (major, features, release >> 24) == (1, 0, 0) and minor < 100
    assert plugin_bytes == 51 * 8 and request_bytes > 0 and worker_bytes > 0
    if TOOL.exists():
        told = run(TOOL, "info", plugin)
        assert "plugin 'noted', fits this server" in told and "--noted" in told and "init" in told


def combinations():
    for compiler in C_COMPILERS:
        for linker in LINKERS:
            for name in FLAGS:
                works = name != "lto" or linker == "lld" or LLVM_PLUGIN or not compiler.startswith("clang")
                if works and linker in ONLY_WITH.get(name, {linker}):
                    yield pytest.param(compiler, linker, FLAGS[name], id=f"{compiler}, {linker}, {name}")


@pytest.mark.parametrize("compiler, linker, flags", list(combinations()))
def test_the_note_survives_compiler_linker_and_flags(tmp_path, compiler, linker, flags):
    # clang 14 has no fat objects: it ignores the flag and says so.
    flags = [flag for flag in flags if not (compiler.startswith("clang") and flag == "-ffat-lto-objects")]
    check(build(tmp_path, compiler, [*flags, "-fuse-ld=" + linker]))


@pytest.mark.parametrize("name", STRIPS)
@pytest.mark.parametrize("linker", LINKERS)
def test_the_note_survives_strip(tmp_path, linker, name):
    if not shutil.which(STRIPS[name][0]):
        pytest.skip(f"{STRIPS[name][0]} is not installed")
    plugin = build(tmp_path, C_COMPILERS[0], ["-g", "-fuse-ld=" + linker])
    run(*STRIPS[name], plugin)
    check(plugin)


@pytest.mark.parametrize("linker", LINKERS)
@pytest.mark.parametrize("compiler", C_COMPILERS)
def test_the_notes_of_all_units_are_found(tmp_path, compiler, linker):
    units = [PLUGIN] + [UNIT.replace("noted_unit", f"noted_unit{number}") for number in range(5)]
    check(build(tmp_path, compiler, ["-fuse-ld=" + linker], units), count=6)


@pytest.mark.parametrize("linker", LINKERS)
def test_units_built_for_different_abis_are_refused(tmp_path, linker):
    other = UNIT.replace("#include <uwsgi.h>", "#include <mortise/abi_note.h>\n#undef UWSGI_SDK_RELEASE\n"
                         "#define UWSGI_SDK_RELEASE 0x010203\n#include <uwsgi.h>")
    plugin = build(tmp_path, C_COMPILERS[0], ["-fuse-ld=" + linker], [PLUGIN, other])
    assert len(set(notes(plugin))) == 2
    if TOOL.exists():
        told = subprocess.run([TOOL, "info", plugin], capture_output=True, text=True)
        assert told.returncode == 79
        assert "refused: mixed units: its object files were built for different ABIs" in told.stderr


def test_a_unit_that_is_taken_out_of_an_archive_brings_its_note(tmp_path):
    source, compiled, archive = tmp_path / "part.c", tmp_path / "part.o", tmp_path / "libpart.a"
    source.write_text(UNIT, encoding="utf-8")
    run(C_COMPILERS[0], "-fPIC", "-I", INCLUDE, "-c", source, "-o", compiled)
    run("ar", "rcs", archive, compiled)
    plugin = PLUGIN.replace("static int start", "int noted_unit(void);\nstatic int start") \
        .replace("return 0;", "return noted_unit();")
    path = tmp_path / "main.c"
    path.write_text(plugin, encoding="utf-8")
    run(C_COMPILERS[0], "-fPIC", "-shared", "-I", INCLUDE, path, archive, "-o", tmp_path / "noted_plugin.so")
    check(tmp_path / "noted_plugin.so", count=2)


@pytest.mark.parametrize("flags", [[], ["-O2", "-flto"], ["-Wl,--gc-sections"]], ids=["plain", "lto", "collected"])
@pytest.mark.parametrize("compiler", CXX_COMPILERS)
def test_the_note_is_in_plugins_of_cxx(tmp_path, compiler, flags):
    linker = ["-fuse-ld=lld"] if compiler.startswith("clang") else []
    plugin = PLUGIN.replace("struct uwsgi_plugin noted", 'extern "C" struct uwsgi_plugin noted_plugin;\nstruct uwsgi_plugin noted')
    check(build(tmp_path, compiler, ["-std=c++20", *flags, *linker], [plugin], ".cpp"))


def standards():
    for compiler in C_COMPILERS:
        for standard in ("c99", "c11", "c17", "c2x"):
            yield compiler, "c", standard
    for compiler in CXX_COMPILERS:
        for standard in ("c++11", "c++14", "c++17", "c++20"):
            yield compiler, "c++", standard


@pytest.mark.parametrize("compiler, language, standard", list(standards()))
def test_the_header_compiles_without_a_warning(tmp_path, compiler, language, standard):
    source = tmp_path / "source"
    source.write_text('#include "mortise/abi_note.h"\nUWSGI_EMIT_ABI_NOTE(sizeof(long), sizeof(int), sizeof(char));\n',
                      encoding="utf-8")
    assert run(compiler, "-x", language, "-std=" + standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", INCLUDE,
               "-c", source, "-o", tmp_path / "object.o") == ""


def test_a_lower_target_writes_a_lower_minor_and_a_wrong_one_does_not_compile(tmp_path):
    plugin = build(tmp_path, C_COMPILERS[0], ["-DUWSGI_ABI_TARGET=0"])
    assert notes(plugin)[0][1] == 0
    for target in ("99", "-1"):
        done = subprocess.run([C_COMPILERS[0], "-DUWSGI_ABI_TARGET=" + target, "-I", INCLUDE, "-fsyntax-only",
                               tmp_path / "unit0.c"], capture_output=True, text=True)
        assert done.returncode != 0 and "UWSGI_ABI_TARGET is a minor version of the ABI" in done.stderr
