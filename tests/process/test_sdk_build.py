"""An author with a compiler and an installed mortise: every road from sources to a plugin, and what it tells of one."""

import json
import os
import re
import shutil
import subprocess

import pytest

from installation import installed, prefix, sh  # noqa: F401  fixtures
from mortise import EXAMPLES, run, write

PLUGIN = """
#include <uwsgi.h>
int orchard_size(void);
static int start(void) { uwsgi_log("orchard: %d trees\\n", orchard_size()); return 0; }
struct uwsgi_plugin orchard_plugin = {.name = "orchard", .init = start};
"""
TREES = '#include "trees.h"\nint orchard_size(void) { return TREES; }\n'
CXX_TREES = '#include <uwsgi.h>\n#include <string>\nextern "C" int orchard_size() { return (int)std::string(TREES, 0x20).size(); }\n'


def built(folder, *args, env=None, name="orchard"):
    """What --build-plugin says when it works."""
    done = run(folder, "--build-plugin", *args, env=env)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("built ./%s_plugin.so (plugin 'orchard', ABI 1.0)\n" % name), done.stdout
    return folder / ("%s_plugin.so" % name)


def starts(mortise, plugin, line):
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0", "--no-need-app")
    server.wait_for_log(line)


def recipe(**values):
    return "".join("%s = %r\n" % pair for pair in {"NAME": "orchard", "GCC_LIST": ["orchard", "trees.c"], "CFLAGS": [],
                                                   "LDFLAGS": [], "LIBS": [], **values}.items())


@pytest.fixture
def sources(tmp_path):
    """A folder with sources and no recipe yet."""
    folder = tmp_path / "src"
    write(folder, "orchard.c", PLUGIN)
    write(folder, "trees.c", TREES)
    write(folder, "include/trees.h", "#define TREES 12\n")
    return folder


def test_a_folder_with_a_recipe_is_built(installed, mortise, tmp_path, sources):
    write(sources, "uwsgiplugin.py", recipe(CFLAGS=["-I src/include", "-Werror", "-Wall"], LIBS=["-lm"]))
    starts(mortise, built(tmp_path, "src"), "orchard: 12 trees")


def test_source_and_name_may_be_one_word(installed, mortise, tmp_path, sources):
    write(sources, "uwsgiplugin.py", recipe(CFLAGS=["-Isrc/include"]))
    plugin = built(tmp_path, "src grove", name="grove")
    starts(mortise, plugin, "orchard: 12 trees")
    sources.rename(tmp_path / "src grove")  # what is there is the source as it stands
    write(tmp_path, "src grove/uwsgiplugin.py", recipe(CFLAGS=["-DTREES=5", "-Inowhere"]))
    write(tmp_path, "src grove/trees.c", TREES.replace('#include "trees.h"', ""))
    starts(mortise, built(tmp_path, "src grove"), "orchard: 5 trees")


def test_a_repository_is_fetched_and_built(installed, mortise, tmp_path, sources):
    write(sources, "uwsgiplugin.py", recipe(CFLAGS=["-DTREES=7"]))
    write(sources, "trees.c", TREES.replace('#include "trees.h"', ""))
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "trees"]):
        subprocess.run(["git", *command], cwd=sources, check=True)
    url = sources.as_uri()
    starts(mortise, built(tmp_path, url), "orchard: 7 trees")
    done = run(tmp_path, "--build-plugin", url + "-none")
    assert done.returncode == 1
    assert done.stdout.endswith("fetch %s-none: git ended with status 128 (its messages stand above; "
                                "a folder that you fetched yourself can be named instead)\n" % url)


def test_a_recipe_is_a_program_that_finds_what_uwsgis_builder_gives(installed, mortise, tmp_path, sources):
    write(sources, "uwsgiplugin.py", "import os, sys\nimport uwsgiconfig as uc\nfrom uwsgiconfig import spcall\n"
          "from distutils import sysconfig\nprint('looking around')\nNAME = 'orchard'\n"
          "CFLAGS = [spcall('echo -I src/include'), uc.spcall('false'), '-I' + sysconfig.get_python_inc()]\n"
          "assert '-fPIC' in os.popen('uwsgi --cflags').read()\n"
          "CFLAGS += os.popen('echo -DUNUSED=1').read().rstrip().split()\nCFLAGS.append('`echo -DALSO=1`')\n"
          "LDFLAGS = []\nLIBS = []\nGCC_LIST = ['orchard', '%s/trees.c' % os.path.abspath('src')]\n"
          "def post_build(config):\n    open('after', 'w').write(config.get('nothing', 'built'))\n")
    starts(mortise, built(tmp_path, "src"), "orchard: 12 trees")
    assert (tmp_path / "after").read_text() == "built"


def test_without_python3_a_recipe_of_assignments_is_read_and_a_program_is_refused(installed, tmp_path, sources):
    (tmp_path / "bin").mkdir()
    for tool in ("cc", "as", "ld", "c++"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    env = {"PATH": str(tmp_path / "bin")}
    write(sources, "uwsgiplugin.py", "import os  # not needed\n" + recipe(CFLAGS=["-Isrc/include"]) + "REQUIRES = []\n")
    assert "built ./orchard" in run(tmp_path, "--build-plugin", "src", env=env).stdout
    write(sources, "uwsgiplugin.py", "NAME = 'orchard'\nGCC_LIST = [\n  'orchard',  # first\n  'trees',\n]\n"
          "CFLAGS = os.popen('x').read()\n")
    done = run(tmp_path, "--build-plugin", "src", env=env)
    assert done.returncode == 1
    assert done.stdout == "src/uwsgiplugin.py:6: it is a program, not only assignments (install python3, which runs it)\n"


def test_objects_archives_binaries_and_cxx_are_linked(installed, mortise, tmp_path, sources):
    write(sources, "trees.cpp", CXX_TREES.replace("TREES", "trees_start"). replace("#include <string>", "#include <string>\nextern \"C\" const char trees_start[];"))
    write(sources, "trees.txt", "x" * 32)
    sh(sources, "sh", "-c", "echo 'int part_of_archive;' >part.c && cc -c -fPIC part.c && ar rcs libpart.a part.o")
    write(sources, "uwsgiplugin.py", recipe(GCC_LIST=["orchard", "trees.cpp", "libpart.a", "part.o"],
                                            BINARY_LIST=[("trees", "trees.txt")]))
    starts(mortise, built(tmp_path, "src"), "orchard: 32 trees")


def test_another_name_than_the_recipes_is_the_files_and_the_tables(installed, mortise, tmp_path, sources):
    write(sources, "uwsgiplugin.py", recipe(CFLAGS=["-Isrc/include"]))
    plugin = built(tmp_path, "src", "grove", name="grove")
    assert "grove_plugin, 408 of 408 bytes" in run(tmp_path, "plugin", "info", plugin).stdout
    starts(mortise, plugin, "orchard: 12 trees")


def test_a_folder_without_a_recipe_is_built_of_its_sources(installed, mortise, tmp_path, sources):
    write(sources, "trees.c", "int orchard_size(void) { return 3; }\n")
    (tmp_path / "orchard").mkdir()
    for name in ("orchard.c", "trees.c"):
        (sources / name).rename(tmp_path / "orchard" / name)
    starts(mortise, built(tmp_path, "orchard"), "orchard: 3 trees")


def test_plugins_that_a_recipe_requires_are_loaded_before(installed, mortise, tmp_path, sources):
    write(tmp_path, "shed.c", '#include <uwsgi.h>\nstatic void on(void) { uwsgi_log("shed: first\\n"); }\n'
          'struct uwsgi_plugin shed_plugin = {.name = "shed", .on_load = on};\n')
    run(tmp_path, "--build-plugin", "shed.c")
    write(sources, "uwsgiplugin.py", recipe(CFLAGS=["-Isrc/include"], REQUIRES=["shed"]))
    plugin = built(tmp_path, "src")
    assert "  loads      shed\n" in run(tmp_path, "plugin", "info", plugin).stdout
    starts(mortise, plugin, r"shed: first(.|\n)*orchard: 12 trees")


def test_what_cannot_be_built_is_told(installed, tmp_path, sources):
    def said(*args):
        done = run(tmp_path, "--build-plugin", *args)
        assert done.returncode != 0
        return done.stdout

    assert said() == "build a plugin: no source is named (mortise --build-plugin SOURCE [NAME])\n"
    assert said("nothing.c") == ("build plugin from nothing.c: No such file or directory "
                                 "(name a source file or a folder of them)\n")
    write(tmp_path, "notes.txt", "")
    assert said("notes.txt") == ("build plugin from notes.txt: it is not a source file that the SDK knows "
                                 "(name a file that ends in .c, .cc, .cpp, .cxx or .m, or a folder)\n")
    (tmp_path / "empty").mkdir()
    assert said("empty") == ("build plugin from empty: the folder has neither uwsgiplugin.py nor a source file "
                             "(name a folder with one of them, or a file that ends in .c, .cc, .cpp, .cxx or .m)\n")
    write(sources, "uwsgiplugin.py", "GCC_LIST = ['orchard']\n")
    assert said("src") == ("build plugin from src/uwsgiplugin.py: it sets no NAME "
                           "(a recipe says NAME = 'foo' and GCC_LIST = ['foo'])\n")
    write(sources, "uwsgiplugin.py", "import sys\nsys.exit(3)\n")
    assert said("src").endswith("build plugin from src/uwsgiplugin.py: it ended with status 3 (its messages stand above: "
                                "often a library that it looks for is not installed)\n")
    for name in ("bad name", "9lives", "a/b", "caf\u00e9"):
        assert said("src/orchard.c", name) == (
            "build plugin from src/orchard.c: '%s' is no name of a plugin (letters, digits, -, . and _, first a letter: the "
            "file is NAME_plugin.so, its table NAME_plugin)\n" % name)
    write(tmp_path, "broken.c", "int main(\n")
    assert said("broken.c").endswith("build plugin 'broken': cc ended with status 1 (its messages stand above)\n")


def test_uwsgiconfig_builds_as_it_does_for_uwsgi(installed, tmp_path, sources):
    script = installed / "share/mortise/uwsgiconfig.py"
    write(sources, "uwsgiplugin.py", recipe(CFLAGS=["-Isrc/include"]))
    assert "built ./orchard_plugin.so" in sh(tmp_path, "python3", script, "--plugin", "src")
    assert "built ./grove_plugin.so" in sh(tmp_path, "python3", script, "--plugin", "src", "core", "grove")
    told = sh(tmp_path, "python3", script, "--build", status=64)
    assert told == "uwsgiconfig.py: it builds plugins: --plugin SOURCE [PROFILE [NAME]] (mortise itself: make install)\n"


def test_the_header_in_one_piece_and_the_flags_build_a_plugin(installed, tmp_path):
    header = run(tmp_path, "--dot-h").stdout
    assert "#include <uwsgi.h>" not in header  # it may be kept under another name
    write(tmp_path, "own/uwsgi.h", header)
    shutil.copy(EXAMPLES / "plugin/foobar.c", tmp_path)
    sh(tmp_path, "cc", "-shared", "-fPIC", "-Iown", "foobar.c", "-o", "foobar_plugin.so")
    assert "plugin 'foobar', fits this server" in run(tmp_path, "plugin", "info", "./foobar_plugin.so").stdout
    sh(tmp_path, "sh", "-c", "eval cc -shared -o foobar_plugin.so $('%s' --cflags) foobar.c" % (installed / "bin/mortise"))
    assert "plugin 'foobar', fits this server" in run(tmp_path, "plugin", "info", "./foobar_plugin.so").stdout


def test_plugin_info_tells_all_that_can_be_told_without_running_it(installed, tmp_path):
    run(tmp_path, "--build-plugin", EXAMPLES / "plugin/ticker.cpp")
    run(tmp_path, "--build-plugin", EXAMPLES / "plugin/greeter.cpp")
    told = json.loads(run(tmp_path, "plugin", "info", "./ticker_plugin.so", "./greeter_plugin.so", "--json").stdout)
    ticker, greeter = told
    assert (ticker["name"], ticker["verdict"], ticker["abi"], ticker["table"]) == ("ticker", "fits", "1.0", "ticker_plugin")
    assert ticker["hooks"] == ["init", "request", "signal_handler"] and ticker["modifier1"] == 0
    assert ticker["needs"]["uwsgi_log"] == "server" and ticker["needs"]["uwsgi_add_ms_timer"] == "timers"
    assert ticker["table_bytes"] == ticker["server_table_bytes"] and ticker["lacks"] == []
    assert greeter["options"][0] == {"name": "greeter-word", "argument": "required", "help": "what to say (Hello)"}
    text = run(tmp_path, "plugin", "info", "./ticker_plugin.so").stdout
    assert "./ticker_plugin.so: plugin 'ticker', fits this server\n" in text
    assert re.search(r"needs .*uwsgi_add_ms_timer \(timers\)", text) and "hooks      init request signal_handler\n" in text


def test_check_reads_a_configuration_and_starts_nothing(installed, tmp_path):
    write(tmp_path, "app.ini", "[uwsgi]\nhttp-socket = 127.0.0.1:1\nwsgi-file = app.py\nprocesses = 2\n")
    done = run(tmp_path, "--check", "app.ini")
    assert done.returncode == 0, done.stdout
    assert re.search(r"the configuration can be used\n  plugins   (\w+ )*http( \w+)* ?.*\n  sockets   127\.0\.0\.1:1\n", done.stdout)
    write(tmp_path, "app.ini", "[uwsgi]\nhttp-socket = 127.0.0.1:1\nprocesses = four\n")
    done = run(tmp_path, "--check", "app.ini")
    assert done.returncode == 64 and "'four'" in done.stdout


@pytest.mark.parametrize("text, status, told", [
    ("http-socket = :0\nworkers = 2\ncheaper = 2\n", 79, r"error: cheaper: cheaper = 2, .* must be lower than workers = 2"),
    ("workers = 2\n", 0, r"  sockets   none \(add http, http-socket or socket, unless "),
    ("http = 127.0.0.1:1\nhttp = 127.0.0.1:2\nhttp-to-https = 127.0.0.1:3,443\nsocket = 127.0.0.1:4\n", 0,
     r"  sockets   127\.0\.0\.1:4 127\.0\.0\.1:1 \(gateway: http\) 127\.0\.0\.1:2 \(gateway: http\) "
     r"127\.0\.0\.1:3 \(gateway: http-to-https\)\n  not checked: whether addresses are free, the application, "),
])
def test_check_tells_what_a_start_would(tmp_path, text, status, told):
    write(tmp_path, "app.ini", "[uwsgi]\n" + text)
    done = run(tmp_path, "--check", "app.ini")
    assert done.returncode == status and re.search(told, done.stdout), done.stdout
    assert ("the configuration can be used" in done.stdout) == (status == 0)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["c", "c++", "rust"])
def test_a_new_plugin_builds_and_passes_its_own_test(installed, tmp_path, language):
    if language == "rust" and not shutil.which("cargo"):
        pytest.skip("cargo is not installed")
    name = "my-" + language.replace("+", "p")
    assert run(tmp_path, "plugin", "new", name, "--lang", language).stdout == (
        "made {0}/: cd {0} && make test\n".format(name))
    env = dict(os.environ, MORTISE=str(installed / "bin/mortise").replace(" ", "\\ "))
    link = tmp_path / "mortise"
    link.symlink_to(installed / "bin/mortise")
    env["MORTISE"] = str(link)
    for inherited in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # where make runs the tests
        env.pop(inherited, None)
    done = subprocess.run(["make", "test"], cwd=tmp_path / name, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("%s: served a request\n" % name)
    assert "FAILED" not in done.stdout and "ok     leaks no descriptor\n" in done.stdout
    told = run(tmp_path, "plugin", "new", name)
    assert told.returncode == 77 and told.stdout == (
        "make a plugin '%s': there is a file or folder of this name (choose another name, or another folder to be in)\n" % name)


def test_names_and_languages_that_there_are_not_are_refused(installed, tmp_path):
    assert run(tmp_path, "plugin", "new", "../x").stdout == (
        "make a plugin '../x': that is no name (a small letter, then small letters, digits, - and _)\n")
    assert run(tmp_path, "plugin", "new", "x", "--lang", "ada").stdout == (
        "make a plugin 'x': there is no template for 'ada' (--lang c, c++ or rust)\n")


BROKEN = """
#include <uwsgi.h>
static int answer(struct wsgi_request *wsgi_req) {
  %s
  return uwsgi_404(wsgi_req);
}
struct uwsgi_plugin broken_plugin = {.name = "broken", .request = answer};
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("code, check", [
    ("open(\"/dev/null\", O_RDONLY);", "leaks no descriptor"),
    ("if (wsgi_req->method_len == 4 && wsgi_req->method[0] == 'B') abort();", "survives odd requests, throws nothing"),
    ("if (wsgi_req->method[0] == 'P') pause();", "may leave a body unread"),
])
def test_plugin_test_finds_what_is_wrong(installed, tmp_path, code, check):
    write(tmp_path, "broken.c", BROKEN % code)
    run(tmp_path, "--build-plugin", "broken.c")
    done = run(tmp_path, "plugin", "test", "./broken_plugin.so", "--worker-reload-mercy", "2", seconds=150)
    assert done.returncode == 1
    assert "FAILED %s" % check in done.stdout and "ok     starts and stops\n" in done.stdout


THROWS = """
#include <mortise/plugin.hpp>
#include <stdexcept>
using namespace mortise;
Response answer(const Request &) {
  throw std::runtime_error("boom");
}
MORTISE_PLUGIN(broken, .request = mortise::request_hook<answer>);
"""


@pytest.mark.timeout(180)
def test_plugin_test_remarks_on_a_plugin_that_only_fails(installed, tmp_path):
    write(tmp_path, "broken.cpp", THROWS)
    run(tmp_path, "--build-plugin", "broken.cpp")
    done = run(tmp_path, "plugin", "test", "./broken_plugin.so", seconds=150)
    assert re.search(r"\nremark a GET of / was answered 500 .*, so the checks say little of the plugin's answers .*:\n(.*\n)*.*boom", done.stdout)
    assert done.stdout.count("\nremark ") == 1


@pytest.mark.timeout(180)
def test_plugin_test_tells_how_a_server_ended_that_wrote_nothing(installed, tmp_path):
    write(tmp_path, "mute.c", '#include <uwsgi.h>\nstatic void end(void) { _exit(5); }\n'
                              'struct uwsgi_plugin mute_plugin = {.name = "mute", .on_load = end};\n')
    run(tmp_path, "--build-plugin", "mute.c")
    done = run(tmp_path, "plugin", "test", "./mute_plugin.so", seconds=150)
    assert done.returncode == 1
    assert "FAILED starts and stops: the server did not start: it ended with status 5, and wrote nothing\n" in done.stdout


@pytest.mark.parametrize("words, told", [
    (["info", "--jsonx", "x.so"], "mortise plugin info: there is no option '--jsonx' (mortise plugin info FILE… [--json]  "
                                  "what a plugin is, told without running it)"),
    (["list", "a", "b"], "mortise plugin list: 'b' is too much (mortise plugin list [FOLDER]      the plugins of a folder)"),
    (["new", "--long", "c", "foo"], "mortise plugin new: there is no option '--long' "
                                    "(mortise plugin new NAME [--lang c|c++|rust]  a folder to begin with)"),
    (["new", "foo", "bar"], "make a plugin 'foo': 'bar' is too much (one name, and --lang c, c++ or rust)"),
])
def test_what_a_command_of_the_tool_does_not_take_is_refused(tmp_path, words, told):
    done = run(tmp_path, "plugin", *words)
    assert (done.returncode, done.stdout) == (64, told + "\n")
    assert not list(tmp_path.iterdir())


def test_the_tool_lists_its_commands(tmp_path):
    done = run(tmp_path, "plugin", "--help")
    assert done.returncode == 0 and "\n  mortise plugin new NAME [--lang c|c++|rust]  a folder" in done.stdout
    done = run(tmp_path, "plugin", "frob")
    assert done.returncode == 64 and done.stdout.startswith("mortise plugin: no command 'frob'; there are:\n")
