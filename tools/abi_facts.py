"""What the SDK's headers promise, read from them: names of functions and structures; and, from a compiled stub of these,
the layout of each structure. tools/freeze_abi records it, tests/sdk/test_policy.py compares."""

import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

# Headers that a plugin includes by itself, besides what uwsgi.h includes.
EXTRA_HEADERS = ("mortise/http_gateway.h", "mortise/timers.h")
EMBEDDING = "embed.h"  # for programs, not for plugins


def headers(include):
    return sorted(path for path in (pathlib.Path(include) / "mortise").glob("*.h") if path.name != EMBEDDING)


def text_without_comments(path):
    return re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.DOTALL)


def functions(include):
    """Names of all functions that the headers declare."""
    found = set()
    for path in headers(include):
        found |= set(re.findall(r"^UWSGI_API\b[^;(]*?\b(\w+)\s*\(", text_without_comments(path), re.MULTILINE))
    return found


def structures(include):
    found = set()
    for path in headers(include):
        found |= set(re.findall(r"^\s*struct (\w+) \{", text_without_comments(path), re.MULTILINE))
    return found


def stub(include, folder):
    """A library with one variable for each function and structure, so that its debug information has all types."""
    folder = pathlib.Path(folder)
    source, library = folder / "stub.c", folder / "libstub.so"
    lines = ["#include <uwsgi.h>"] + ["#include <%s>" % name for name in EXTRA_HEADERS]
    # Functions with types of a library are declared only for those who ask for it.
    optional = set(re.findall(r"\b(\w+)\s*\(", (pathlib.Path(include) / "mortise/libraries.h").read_text())) \
        if (pathlib.Path(include) / "mortise/libraries.h").exists() else set()
    lines += ["__typeof__(%s) *abi_%s;" % (name, name) for name in sorted(functions(include) - optional)]
    lines += ["struct %s *abi_struct_%s;" % (name, name) for name in sorted(structures(include))]
    source.write_text("\n".join(lines) + "\n")
    subprocess.run(["cc", "-g", "-gno-record-gcc-switches", "-fPIC", "-shared", "-I", include, source, "-o", library,
                    "-ffile-prefix-map=%s=." % include, "-ffile-prefix-map=%s=." % folder], check=True)
    return library


def record(library):
    """abidw's XML of a stub: the same bytes for the same headers."""
    return subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--type-id-style", "hash",
                           "--drop-undefined-syms", library], check=True, capture_output=True, text=True).stdout


def have_abigail():
    return bool(shutil.which("abidw") and shutil.which("abidiff"))


def layouts(xml):
    """{structure: (bytes, {member: offset in bits})} of what abidw wrote."""
    found = {}
    for declared in ElementTree.fromstring(xml).iter("class-decl"):
        if declared.get("is-declaration-only") == "yes" or declared.get("is-anonymous") == "yes":
            continue
        members = {}
        for member in declared.findall("data-member"):
            variable = member.find("var-decl")
            if variable is not None and variable.get("name"):
                members[variable.get("name")] = int(member.get("layout-offset-in-bits", "0"))
        found[declared.get("name")] = (int(declared.get("size-in-bits", "0")) // 8, members)
    return found
