"""The promises of docs/abi.md: what was published stays, what is published is C that compiles everywhere, and quickly."""

import gzip
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import abi_facts  # noqa: E402

BUILD = pathlib.Path(os.environ.get("MORTISE_BUILD", ROOT / "build"))
INCLUDE = ROOT / "sdk/include"
FROZEN = sorted(path for path in (ROOT / "sdk/abi").glob("[0-9]*.[0-9]*") if path.is_dir())
C_COMPILERS = [cc for cc in ("gcc", "clang", "clang-14") if shutil.which(cc)]
CXX_COMPILERS = [cxx for cxx in ("g++", "clang++", "clang++-14") if shutil.which(cxx)]
HEADER_SECONDS = 0.1

needs_abigail = pytest.mark.skipif(not abi_facts.have_abigail(), reason="abigail-tools is not installed")
frozen = pytest.mark.parametrize("version", FROZEN, ids=lambda path: path.name)


def standards():
    for compiler in C_COMPILERS:
        for standard in ("c99", "c11", "c17"):
            yield pytest.param(compiler, "c", standard, id="%s %s" % (compiler, standard))
    for compiler in CXX_COMPILERS:
        for standard in ("c++17", "c++20"):
            yield pytest.param(compiler, "c++", standard, id="%s %s" % (compiler, standard))


def compile_only(compiler, *arguments):
    done = subprocess.run([compiler, "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", INCLUDE, "-fsyntax-only", *arguments],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler, language, standard", list(standards()))
@pytest.mark.parametrize("header", ["uwsgi.h", "mortise/timers.h", "mortise/embed.h"])
def test_the_headers_are_valid_in_every_standard_without_a_warning(tmp_path, compiler, language, standard, header):
    source = tmp_path / "source"
    source.write_text("#include <%s>\n" % header)
    compile_only(compiler, "-x", language, "-std=" + standard, source)


@pytest.mark.parametrize("compiler", CXX_COMPILERS)
def test_the_cxx_face_is_valid_without_a_warning(tmp_path, compiler):
    source = tmp_path / "source.cpp"
    source.write_text('#include <mortise/plugin.hpp>\n#include <cstdlib>\n'
                      "static mortise::Response hello(const mortise::Request &) { return {200, \"\", \"\"}; }\n"
                      "MORTISE_PLUGIN(source, .request = mortise::request_hook<hello>);\n")
    compile_only(compiler, "-std=c++20", "-Wno-missing-field-initializers", source)


def compiler_seconds(source):
    """The compiler's own time: others use this machine, too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["cc", "-c", "-I", INCLUDE, source, "-o", "/dev/null"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_header_compiles_in_less_than_a_tenth_of_a_second(tmp_path):
    source = tmp_path / "source.c"
    source.write_text("#include <uwsgi.h>\n")
    seconds = []
    while len(seconds) < 25 and min(seconds, default=HEADER_SECONDS) >= HEADER_SECONDS:  # the best counts: others slow it down
        seconds.append(compiler_seconds(source))
    assert min(seconds) < HEADER_SECONDS, seconds


def test_no_type_of_cxx_or_of_a_library_is_in_the_header(tmp_path):
    source = tmp_path / "source.c"
    source.write_text("#include <uwsgi.h>\n")
    files = subprocess.run(["cc", "-M", "-I", INCLUDE, source], check=True, capture_output=True, text=True).stdout
    libc = subprocess.run(["sh", "-c", "dpkg -L libc6-dev linux-libc-dev | grep '\\.h$'"], capture_output=True,
                          text=True).stdout.split()
    if libc:
        known = {os.path.realpath(path) for path in libc}
        others = [path for path in files.replace("\\\n", " ").split()[2:]
                  if not path.startswith(str(INCLUDE)) and os.path.realpath(path) not in known and "/gcc/" not in path]
        assert others == []
    for path in [INCLUDE / "uwsgi.h", *abi_facts.headers(INCLUDE)]:
        text = abi_facts.text_without_comments(path)
        if path.name != "libraries.h":
            assert not re.search(r"\b(class|template|namespace|std::|SSL_CTX|z_stream|PyObject|pcre)\b", text), path
        for used in re.findall(r"#if(?:def)? .*__cplusplus.*\n(.*)\n", text):
            assert used in ('extern "C" {', "}"), (path, used)


def test_no_structure_depends_on_how_it_is_compiled():
    for path in abi_facts.headers(INCLUDE):
        for body in re.findall(r"^struct \w+ \{(.*?)^\}", abi_facts.text_without_comments(path), re.DOTALL | re.MULTILINE):
            assert not re.search(r"^\s*#\s*if(?!n?def __cplusplus$)", body, re.MULTILINE), path


@pytest.fixture(scope="module")
def current(tmp_path_factory):
    library = abi_facts.stub(INCLUDE, tmp_path_factory.mktemp("current"))
    return library, abi_facts.layouts(abi_facts.record(library))


@needs_abigail
@frozen
def test_what_was_published_is_a_prefix_of_what_is_now(version, current):
    recorded = abi_facts.layouts(gzip.decompress((version / "uwsgi.abi.gz").read_bytes()).decode())
    for name, (size, members) in recorded.items():
        now_size, now_members = current[1].get(name, (0, {}))
        assert now_size >= size, "struct %s has shrunk or is gone" % name
        for member, offset in members.items():
            assert now_members.get(member) == offset, "struct %s: %s was at bit %d, is at %s" % (
                name, member, offset, now_members.get(member))
    assert current[1]["uwsgi_worker"][0] == recorded["uwsgi_worker"][0], "workers are reached by index"


@needs_abigail
@frozen
def test_abidiff_finds_no_change_that_breaks_a_plugin(tmp_path, version, current):
    record = tmp_path / "frozen.abi"
    record.write_bytes(gzip.decompress((version / "uwsgi.abi.gz").read_bytes()))
    done = subprocess.run(["abidiff", "--no-added-syms", record, current[0]], capture_output=True, text=True)
    incompatible = done.returncode & 8
    assert not incompatible, done.stdout
    assert not re.search(r"type of .* changed|[1-9]\d* Removed", done.stdout), done.stdout


@needs_abigail
def test_the_stub_notices_a_member_in_the_middle(tmp_path, current):
    include = tmp_path / "include"
    shutil.copytree(INCLUDE, include)
    path = include / "mortise/plugin_table.h"
    text = path.read_text()
    assert "  void *data;\n" in text
    path.write_text(text.replace("  void *data;\n", "  void *data;\n  void *more;\n", 1))
    changed = abi_facts.layouts(abi_facts.record(abi_facts.stub(include, tmp_path)))
    assert changed["uwsgi_plugin"][1]["init"] != current[1]["uwsgi_plugin"][1]["init"]


@frozen
def test_no_name_that_plugins_find_is_gone(version):
    index = BUILD / "plugins/plugins.index"
    if not index.exists():
        pytest.skip("no server is built")
    out = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", BUILD / "mortise"], check=True,
                         capture_output=True, text=True).stdout
    now = {line.split()[0] for line in out.splitlines()} | set(re.findall(r"^symbol (\S+)", index.read_text(), re.MULTILINE))
    assert set((version / "names.txt").read_text().split()) - now == set()


@frozen
def test_plugins_compiled_with_a_published_header_still_compile(version, tmp_path):
    for source in sorted((ROOT / "examples/plugin").glob("*.c")):
        subprocess.run(["cc", "-fsyntax-only", "-I", version / "include", source], check=True)


def test_every_declared_function_is_exported_by_the_server_or_a_plugin():
    index = BUILD / "plugins/plugins.index"
    if not index.exists():
        pytest.skip("no server is built")
    out = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", BUILD / "mortise"], check=True,
                         capture_output=True, text=True).stdout
    now = {line.split()[0] for line in out.splitlines()} | set(re.findall(r"^symbol (\S+)", index.read_text(), re.MULTILINE))
    # Declared for plugins that are compiled with it; nobody has written them yet.
    unprovided = set((ROOT / "sdk/abi/unprovided.txt").read_text().split())
    assert abi_facts.functions(INCLUDE) - now - unprovided == set()
