"""What `make install` leaves works from wherever it is moved to, without the source tree."""

import pathlib
import os
import re
import shutil
import subprocess

import pytest

from installation import installed, prefix, sh  # noqa: F401  fixtures
from mortise import BUILD, EXAMPLES, ROOT, run

# ROOT may be a link: what is installed must not know either name.
TREES = {str(path) for tree in (ROOT, BUILD) for path in (tree, tree.resolve())}
SANITIZE = re.search(r"MORTISE_SANITIZE:STRING=(.*)", (BUILD / "CMakeCache.txt").read_text())[1]
EMBEDS = "MORTISE_EMBED:STRING=\n" not in (BUILD / "CMakeCache.txt").read_text()
HELLO = (EXAMPLES / "hello" / "bootstrap.py").read_text()

C_PLUGIN = """
#include <uwsgi.h>
static int start(void) { uwsgi_log("stranger: started\\n"); return 0; }
struct uwsgi_plugin stranger_plugin = {.name = "stranger", .init = start};
"""


def files_of_this_project(server):
    """Files that a process of the server runs, other than the system's and the interpreter's."""
    pids = subprocess.run(["ps", "-o", "pid=", "-g", str(server.process.pid)], capture_output=True, text=True).stdout
    maps = [pathlib.Path("/proc/%s/maps" % pid).read_text() for pid in pids.split()]
    paths = {line.split(maxsplit=5)[5] for text in maps for line in text.splitlines() if len(line.split()) > 5}
    return {path for path in paths if re.search(r"mortise|_plugin\.so$", path.rpartition("/")[2])}


def test_server_plugins_sdk_and_manual_are_installed(prefix):
    for name in ("bin/mortise", "bin/mortise-plugin", "lib/libmortise.so", "lib/mortise/plugins/http_plugin.so",
                 "lib/mortise/plugins/python_plugin.so", "lib/mortise/plugins/timers_plugin.so",
                 "lib/mortise/plugins/plugins.index", "include/mortise/uwsgi.h", "include/mortise/mortise/embed.h",
                 "lib/pkgconfig/mortise-sdk.pc", "lib/pkgconfig/mortise.pc",
                 "lib/cmake/mortise-sdk/mortise-sdk-config.cmake", "include/mortise/mortise/plugin.hpp",
                 "include/mortise/plugins/any/README.md", "share/mortise/uwsgiconfig.py",
                 "share/mortise/evaluate_recipe.py", "share/mortise/template/c/Makefile", "share/man/man1/mortise.1"):
        assert (prefix / name).is_file(), name
    assert os.access(prefix / "share/doc/mortise/examples/rust-plugin/test.sh", os.X_OK)


def test_the_documents_point_at_each_other(prefix):
    documents = prefix / "share/doc/mortise"
    found = {str(path.relative_to(documents)) for path in documents.rglob("*.md")}
    assert {"README.md", "docs/plugins.md", "docs/from-uwsgi.md", "plugins/python/README.md"} <= found
    for path in documents.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / link).exists(), "%s: %s" % (path.relative_to(documents), link)


def test_no_example_has_a_comment_behind_a_value(prefix):
    """Texts have no comments: who typed it would get a file of that name."""
    for path in (prefix / "share/doc/mortise").rglob("*.md"):
        for block in re.findall(r"^```ini\n(.*?)^```", path.read_text(), re.S | re.M):
            assert not re.search(r"=.*[ \t][;#]", block), "%s:\n%s" % (path, block)


@pytest.mark.skipif(bool(SANITIZE), reason="sanitizers keep the names of source files")
def test_nothing_that_is_installed_names_the_tree_that_it_was_built_in(prefix):
    for path in prefix.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [tree for tree in TREES if tree.encode() in content], path


def test_the_installed_server_needs_nothing_of_the_tree(installed, mortise):
    server = mortise("--http", ":0", "--wsgi-file", "bootstrap.py", files={"bootstrap.py": HELLO})
    assert server.get("/").body == b"HelloWorld"
    used = files_of_this_project(server)
    assert {pathlib.Path(path).name for path in used} >= ({"mortise"} if EMBEDS else {"mortise", "http_plugin.so", "python_plugin.so", "timers_plugin.so"})
    assert [path for path in used if not path.startswith(str(installed))] == []


def test_it_is_found_through_a_link(installed, mortise, tmp_path, monkeypatch):
    link = tmp_path / "mortise"
    link.symlink_to(installed / "bin/mortise")
    monkeypatch.setattr("mortise.BINARY", str(link))
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "bootstrap.py", files={"bootstrap.py": HELLO})
    assert server.get("/").body == b"HelloWorld"


def test_the_installed_index_fits_the_installed_plugins(installed, tmp_path):
    before = (installed / "lib/mortise/plugins/plugins.index").read_text()
    assert "option http-socket http" in before and "option wsgi-file python" in before
    told = run(tmp_path, "plugin", "index")
    assert told.returncode == 0, told.stdout
    assert (installed / "lib/mortise/plugins/plugins.index").read_text() == before


def test_installed_plugins_are_listed_and_described(installed, tmp_path):
    listed = run(tmp_path, "plugin", "list").stdout
    for name in ("http", "python", "timers"):
        assert re.search(r"^%s +ABI 1\.\d+ +\d+ options  %s/" % (name, re.escape(str(installed))), listed, re.MULTILINE)
    told = run(tmp_path, "plugin", "info", installed / "lib/mortise/plugins/http_plugin.so").stdout
    assert run(tmp_path, "plugin", "info", "http").stdout == told
    assert "plugin 'http', fits this server" in told and "--http-socket VALUE" in told


def test_the_installed_server_builds_plugins(installed, mortise, tmp_path):
    (tmp_path / "stranger.c").write_text(C_PLUGIN)
    built = run(tmp_path, "--build-plugin", "stranger.c")
    assert built.stdout == "built ./stranger_plugin.so (plugin 'stranger', ABI 1.0)\n"
    server = mortise("--plugin", tmp_path / "stranger_plugin.so", "--http-socket", "127.0.0.1:0", "--wsgi-file",
                     "bootstrap.py", files={"bootstrap.py": HELLO})
    server.wait_for_log("stranger: started")


def test_pkg_config_has_the_flags_for_plugins(installed, tmp_path):
    (tmp_path / "stranger.c").write_text(C_PLUGIN)
    env = {"PKG_CONFIG_PATH": installed / "lib/pkgconfig"}
    sh(tmp_path, "sh", "-c", "eval cc $(pkg-config --cflags --libs mortise-sdk) stranger.c -o stranger_plugin.so", env=env)
    assert "plugin 'stranger', fits this server" in run(tmp_path, "plugin", "info", "./stranger_plugin.so").stdout
    assert sh(tmp_path, "pkg-config", "--modversion", "mortise-sdk", env=env) == "1.0\n"
    assert sh(tmp_path, "pkg-config", "--variable=plugindir", "mortise-sdk", env=env).strip().replace("\\", "") == str(
        installed / "lib/pkgconfig/../../lib/mortise/plugins")


PROJECT = """
cmake_minimum_required(VERSION 3.21)
project(stranger LANGUAGES %s)
find_package(mortise-sdk 1.0 REQUIRED)
mortise_add_plugin(stranger %s)
install(TARGETS stranger LIBRARY DESTINATION ${MORTISE_PLUGIN_DIR})
"""


@pytest.mark.parametrize("language, source", [("C", "stranger.c"), ("CXX", "stranger.cpp")])
def test_a_cmake_project_finds_the_sdk_and_installs_beside_the_shipped_plugins(prefix, mortise, tmp_path, monkeypatch,
                                                                              language, source):
    own = tmp_path / "prefix"  # it is changed
    shutil.copytree(prefix, own, symlinks=True)
    monkeypatch.setattr("mortise.BINARY", str(own / "bin/mortise"))
    (tmp_path / source).write_text(C_PLUGIN)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT % (language, source))
    sh(tmp_path, "cmake", "-S", ".", "-B", "build", "-DCMAKE_PREFIX_PATH=%s" % own)
    sh(tmp_path, "cmake", "--build", "build")
    sh(tmp_path, "cmake", "--install", "build")
    server = mortise("--plugin", "stranger", "--http-socket", "127.0.0.1:0", "--wsgi-file", "bootstrap.py",
                     files={"bootstrap.py": HELLO})
    server.wait_for_log("stranger: started")
    assert files_of_this_project(server) >= {str(own / "lib/mortise/plugins/stranger_plugin.so")}


def test_a_cmake_project_that_wants_another_abi_is_told(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.replace("1.0", "2.0") % ("C", "stranger.c"))
    told = sh(tmp_path, "cmake", "-S", ".", "-B", "build", "-DCMAKE_PREFIX_PATH=%s" % prefix, status=1)
    assert re.search(r'compatible with requested\s+version "2.0"', told)


EMBEDDING = """
cmake_minimum_required(VERSION 3.21)
project(embedding LANGUAGES C)
find_package(mortise-sdk 1.0 REQUIRED)
add_executable(embedding main.c)
target_link_libraries(embedding PRIVATE mortise::mortise)
"""


@pytest.mark.parametrize("road", ["pkg-config", "cmake"])
def test_a_program_links_the_installed_library_and_has_the_server_in_it(installed, mortise, tmp_path, monkeypatch, road):
    shutil.copy(EXAMPLES / "embed" / "main.c", tmp_path)
    flags = "-fsanitize=" + SANITIZE if SANITIZE else ""
    if road == "cmake":
        (tmp_path / "CMakeLists.txt").write_text(EMBEDDING)
        sh(tmp_path, "cmake", "-S", ".", "-B", ".", "-DCMAKE_PREFIX_PATH=%s" % installed, "-DCMAKE_C_FLAGS=" + flags)
        sh(tmp_path, "cmake", "--build", ".")
    else:
        sh(tmp_path, "sh", "-c", "eval cc %s main.c $(pkg-config --cflags --libs mortise) -o embedding" % flags,
           env={"PKG_CONFIG_PATH": installed / "lib/pkgconfig"})
    monkeypatch.setattr("mortise.BINARY", str(tmp_path / "embedding"))
    server = mortise("127.0.0.1:0", "bootstrap.py", files={"bootstrap.py": HELLO})
    assert server.get("/").body == b"HelloWorld"
    assert [path for path in files_of_this_project(server) if not path.startswith(str(installed))] == []
    server.stop()
    assert server.log.endswith("the server ended with status 0\n")


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
def test_the_manual_page_is_found_below_the_prefix(prefix, tmp_path):
    page = sh(tmp_path, "man", "-w", "mortise", env={"MANPATH": prefix / "share/man"}).strip()
    assert page == str(prefix / "share/man/man1/mortise.1")
