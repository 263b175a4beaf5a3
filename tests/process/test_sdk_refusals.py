"""What the server says of a plugin that it cannot take, or takes with a warning: each message as an operator reads it."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from mortise import BUILD, ROOT, clean_environment, run

FIXTURES = ROOT / "tests/fixtures"
PLUGIN_REFUSED = 79
ABI = "1.0"


def build(folder, name, *flags):
    """The fixture NAME as its author would build it, in the folder; the path to give to --plugin."""
    source = next(path for path in FIXTURES.glob(name + ".*") if path.suffix in (".c", ".cpp"))
    done = subprocess.run([BUILD / "mortise", "--build-plugin", source, name], cwd=folder, capture_output=True, text=True,
                          env=clean_environment({"CFLAGS": " ".join(flags)}))
    # A plugin that is refused is refused here, too, but it is built.
    assert (folder / ("%s_plugin.so" % name)).exists(), done.stdout + done.stderr
    return "./%s_plugin.so" % name


def without_time(text):
    return re.sub(r"^\[[0-9 :-]{19}\] ", "", text, flags=re.MULTILINE)


def start(folder, *args):
    return run(folder, *args, "--http-socket", "127.0.0.1:0", "--no-need-app")


def refusal(folder, *args):
    """What a start that a plugin prevents says, without its times."""
    done = start(folder, *args)
    assert done.returncode == PLUGIN_REFUSED, done.stdout
    return without_time(done.stdout)


def test_a_table_that_a_constructor_fills_is_as_good_as_any(mortise, tmp_path):
    build(tmp_path, "table_filled")
    server = mortise("--plugin", tmp_path / "table_filled_plugin.so", "--filled-with", "plums", "--http-socket", "127.0.0.1:0")
    assert server.request("GET", "/").body == b"plums"
    told = run(tmp_path, "plugin", "info", "./table_filled_plugin.so").stdout
    assert "plugin 'table_filled', fits this server" in told and "filled by a constructor: known when it runs" in told


SIZES = r"built for ABI 1\.0 with SDK 0\.1\.0: plugin \d+, request \d+, worker \d+ bytes"
REFUSALS = {
    "abi_other_major": r"needs ABI 2\.0, this server offers 1\.0\n  built with SDK 2\.0\.3\n"
                       r"  rebuild it with this server's SDK: mortise --build-plugin abi_other_major\.c\n",
    "abi_newer_minor": r"needs ABI 1\.4, this server offers 1\.0\n  built with SDK 1\.4\.0\n"
                       r"  upgrade the server, or rebuild with -DUWSGI_ABI_TARGET=0\n",
    "abi_mixed_units": r"mixed units: its object files were built for different ABIs\n"
                       r"(  " + SIZES + r"\n|  built for ABI 1\.1 with SDK 1\.1\.0: plugin 500, request 1000, worker 300 bytes\n){2}"
                       r"  remove its object files and build all of them with one SDK\n",
    "abi_no_note": r"it has no ABI note\n  the note, which says what it was built for, comes with <uwsgi.h>; this server offers ABI 1\.0\n"
                   r"  rebuild it with this server's SDK: mortise --build-plugin abi_no_note\.c\n",
    "abi_short_note": r"its ABI note is damaged: 4 bytes \(copy it or build it again\)\n",
    "abi_unknown_feature": r"needs features 0x80000000 of the ABI, unknown to this server\n  built with SDK 0\.1\.0\n"
                           r"  upgrade the server\n",
    "abi_bigger_plugin": r"its struct uwsgi_plugin has (\d+) bytes, this server's (\d+)\n  built with SDK 0\.1\.0\n"
                         r"  rebuild it with this server's SDK: mortise --build-plugin abi_bigger_plugin\.c\n",
    "abi_bigger_request": r"its struct wsgi_request has (\d+) bytes, this server's (\d+)\n  built with SDK 0\.1\.0\n"
                          r"  rebuild it with this server's SDK: mortise --build-plugin abi_bigger_request\.c\n",
    "abi_other_worker": r"its struct uwsgi_worker has (\d+) bytes, this server's (\d+)\n  built with SDK 0\.1\.0\n"
                        r"  rebuild it with this server's SDK: mortise --build-plugin abi_other_worker\.c\n",
    "table_bigger": r"its hook table 'table_bigger_plugin' has (\d+) bytes, this server knows (\d+)\n"
                    r"  its note says ABI 1\.0, where no table is larger\n"
                    r"  rebuild it with this server's SDK: mortise --build-plugin table_bigger\.c\n",
    "table_hidden": r"it exports no hook table 'table_hidden_plugin'\n"
                    r"  a table is hidden if it is static, a const of C\+\+, or built with -fvisibility=hidden\n"
                    r"  define it as: struct uwsgi_plugin table_hidden_plugin = \{\.\.\.\};\n",
    "table_empty": r"its hook table 'table_empty_plugin' has no name\n"
                   r"  the server and its log call a plugin by its name\n"
                   r"  set it: struct uwsgi_plugin table_empty_plugin = \{\.name = \"\.\.\.\", \.\.\.\};\n",
    "table_nameless": r"its hook table 'table_nameless_plugin' has no name\n"
                      r"  the server and its log call a plugin by its name\n"
                      r"  set it: struct uwsgi_plugin table_nameless_plugin = \{\.name = \"\.\.\.\", \.\.\.\};\n",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_plugin_that_does_not_fit_is_refused_before_it_runs(tmp_path, name):
    told = refusal(tmp_path, "--plugin", build(tmp_path, name))
    assert re.fullmatch(r"error: plugin './%s_plugin\.so' refused: %s" % (name, REFUSALS[name]), told), told


def test_a_source_without_the_header_is_told_what_it_lacks_when_it_is_built(tmp_path):
    (tmp_path / "bare.c").write_text("struct uwsgi_plugin { const char *name; } bare_plugin = {\"bare\"};\n")
    done = run(tmp_path, "--build-plugin", "bare.c")
    assert done.returncode != 0
    assert "plugin './bare_plugin.so' refused: it has no ABI note\n" in done.stdout
    assert "  the note, which says what it was built for, comes with <uwsgi.h>;" in done.stdout


def test_what_plugin_info_says_of_a_refused_plugin_is_the_same_and_can_be_read_by_programs(tmp_path):
    path = build(tmp_path, "abi_newer_minor")
    told = run(tmp_path, "plugin", "info", path)
    assert told.returncode == PLUGIN_REFUSED
    assert told.stdout == "plugin '%s' refused: needs ABI 1.4, this server offers 1.0\n  built with SDK 1.4.0\n" \
                          "  upgrade the server, or rebuild with -DUWSGI_ABI_TARGET=0\n" % path
    told = run(tmp_path, "plugin", "info", path, "--json")
    assert told.returncode == PLUGIN_REFUSED
    assert told.stdout == '[{"file":"./abi_newer_minor_plugin.so","verdict":"refused",' \
                          '"why":"needs ABI 1.4, this server offers 1.0",' \
                          '"hint":"built with SDK 1.4.0\\u000aupgrade the server, or rebuild with -DUWSGI_ABI_TARGET=0"}]\n'


def test_nothing_of_a_refused_plugin_runs(tmp_path):
    marker = tmp_path / "ran"
    path = build(tmp_path, "constructor")
    done = run(tmp_path, "--plugin", path, "--http-socket", "127.0.0.1:0", env={"CONSTRUCTOR_RAN": str(marker)})
    assert done.returncode == PLUGIN_REFUSED and not marker.exists()


def test_an_older_plugin_runs_on_this_server(tmp_path, mortise):
    path = tmp_path / build(tmp_path, "older", "-DUWSGI_ABI_TARGET=0")
    server = mortise("--plugin", path, "--http-socket", "127.0.0.1:0")
    assert server.get("/pears").body == b"/pears"


def test_a_plugin_of_the_frozen_header_runs_on_this_server(tmp_path, mortise):
    frozen = ROOT / "sdk/abi/1.0/include"
    if not frozen.exists():
        pytest.skip("the header is not frozen yet")
    plugin = tmp_path / "older_plugin.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-I", frozen, FIXTURES / "older.c", "-o", plugin], check=True)
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0")
    assert server.get("/pears").body == b"/pears"


def test_a_plugin_with_a_shorter_table_runs_on_this_server(tmp_path):
    told = run(tmp_path, "plugin", "info", build(tmp_path, "abi_older_sizes"))
    assert told.returncode == 0 and "plugin 'abi_older_sizes', fits this server" in told.stdout


def test_a_hook_that_throws_while_the_server_starts_is_named_and_ends_it(tmp_path):
    assert refusal(tmp_path, "--plugin", build(tmp_path, "throwing_init")) == (
        "error: plugin throwing_init, hook init: no pears left "
        "(an exception left the plugin; the hook counts as failed)\n"
        "error: start plugin 'throwing_init': its init hook failed (the lines above say why)\n")


def test_a_request_hook_that_throws_is_named_and_its_client_gets_a_500(tmp_path, mortise):
    server = mortise("--plugin", tmp_path / build(tmp_path, "throwing_request"), "--http-socket", "127.0.0.1:0")
    assert server.get("/").status == 500
    assert server.get("/other").status == 500
    assert "error: plugin throwing_request, hook request: no pears left " \
           "(an exception left the plugin; the hook counts as failed)\n" in server.log
    assert "error: plugin throwing_request, hook request: unknown exception (the hook counts as failed)\n" in server.log


def test_an_init_that_fails_ends_the_server_with_the_plugins_name(tmp_path):
    told = refusal(tmp_path, "--plugin", build(tmp_path, "failing_init"))
    assert told == "failing_init: there is no orchard\n" \
                   "error: start plugin 'failing_init': its init hook failed (the lines above say why)\n"


@pytest.mark.parametrize("name, signal", [("crashing_constructor", "SEGV"), ("crashing_on_load", "ABRT"), ("overflowing_on_load", "SEGV")])
def test_a_plugin_that_crashes_while_it_is_loaded_is_named(tmp_path, name, signal):
    assert refusal(tmp_path, "--plugin", build(tmp_path, name)) == (
        "plugin './%s_plugin.so' refused: it crashed while it was loaded (SIG%s)\n"
        "  its constructors or its on_load crash: run it in a debugger, or do without it\n" % (name, signal))


def test_a_plugin_that_crashes_in_its_init_hook_is_named(tmp_path):
    assert refusal(tmp_path, "--plugin", build(tmp_path, "crashing_init")) == (
        "plugin 'crashing_init' crashed in its init hook (SIGABRT)\n  run it in a debugger, or do without it\n")


@pytest.mark.parametrize("status, level", [(0, ""), (3, "error: ")])
def test_a_plugin_that_ends_the_server_in_its_init_hook_is_named_and_the_status_is_its_own(tmp_path, status, level):
    plugin = build(tmp_path, "exiting_init")
    done = run(tmp_path, "--plugin", plugin, "--http-socket", "127.0.0.1:0", env=clean_environment({"STATUS": str(status)}))
    assert (done.returncode, done.stdout[len("[2026-01-31 12:00:00] "):]) == (
        status, "%splugin 'exiting_init' ended the server: its init hook called exit(%d)\n" % (level, status))


@pytest.mark.parametrize("name, status", [("exiting_constructor", 0), ("exiting_on_load", 5)])
def test_a_plugin_that_ends_the_process_while_it_is_loaded_is_named(tmp_path, name, status):
    assert refusal(tmp_path, "--plugin", build(tmp_path, name)) == (
        "error: plugin './%s_plugin.so' refused: it ended the process while it was loaded, exit status %d "
        "(its constructors or its on_load call exit(): do without it)\n" % (name, status))


def test_plugins_that_need_each_other_are_an_error_that_prints_the_circle(tmp_path):
    for name in ("cycle_left", "cycle_right"):
        build(tmp_path, name)
    told = refusal(tmp_path, "--plugin-dir", tmp_path, "--plugin", "cycle_left")
    left, right = tmp_path / "cycle_left_plugin.so", tmp_path / "cycle_right_plugin.so"
    assert told == "error: load plugin '%s': plugins need each other: %s -> %s -> %s " \
                   "(one of them must not need the other)\n" % (left, left, right, left)


def test_a_function_that_nobody_has_is_named(tmp_path):
    assert refusal(tmp_path, "--plugin", build(tmp_path, "lonely")) == (
        "error: load plugin './lonely_plugin.so': it needs the function uwsgi_of_nobody, which neither this server nor a "
        "plugin has (add the folder of the plugin that has it: --plugin-dir FOLDER)\n")
    told = run(tmp_path, "plugin", "info", "./lonely_plugin.so")
    assert told.returncode == PLUGIN_REFUSED
    assert "plugin 'lonely', needs functions that nobody here provides\n" in told.stdout
    assert "  needs      uwsgi_of_nobody (nobody)\n" in told.stdout


def test_two_plugins_on_one_modifier_are_a_warning_that_names_both(tmp_path, mortise):
    first, second = (tmp_path / build(tmp_path, name) for name in ("modifier_first", "modifier_second"))
    server = mortise("--plugin", first, "--plugin", second, "--http-socket", "127.0.0.1:0")
    assert "warning: plugins 'modifier_first' and 'modifier_second' both want modifier 7: " \
           "requests go to 'modifier_second' (load one as N:modifier_second to move it)\n" in server.log
    server = mortise("--plugin", first, "--plugin", "8:%s" % second, "--http-socket", "127.0.0.1:0")
    assert "both want" not in server.log


def test_a_plugin_that_is_loaded_already_is_no_error(tmp_path, mortise):
    path = tmp_path / build(tmp_path, "older")
    link = tmp_path / "link_plugin.so"
    link.symlink_to(path)
    server = mortise("--plugin", path, "--plugin", path, "--plugin", link, "--plugin", "http", "--http-socket", "127.0.0.1:0")
    assert server.get("/pears").body == b"/pears"
    assert "both want" not in server.log and "error" not in server.log


@pytest.mark.skipif(os.geteuid() != 0, reason="it is root that must not run what others write")
def test_a_file_that_everybody_may_write_is_refused_to_root(tmp_path):
    path = build(tmp_path, "older")
    (tmp_path / path).chmod(0o757)
    assert refusal(tmp_path, "--plugin", path) == (
        "error: plugin './older_plugin.so' refused: everybody may write it, and the server runs as root "
        "(see that it is what you built, then: chmod o-w ./older_plugin.so)\n")
    (tmp_path / path).chmod(0o755)
    assert run(tmp_path, "plugin", "info", path).returncode == 0


def test_a_plugin_that_is_not_there_is_told_with_all_places(tmp_path):
    told = refusal(tmp_path, "--plugin-dir", tmp_path, "--plugin", "nowhere")
    builtin = pathlib.Path(os.path.realpath(BUILD / "plugins"))
    assert told == "error: load plugin 'nowhere': there is no %s/nowhere_plugin.so, %s/nowhere_plugin.so (correct the " \
                   "name, add --plugin-dir FOLDER, or give a path with a slash; mortise plugin list)\n" % (tmp_path, builtin)


def test_a_file_of_another_kind_is_refused_by_its_kind(tmp_path):
    (tmp_path / "text_plugin.so").write_text("int main;\n")
    assert refusal(tmp_path, "--plugin", "./text_plugin.so") == (
        "error: plugin './text_plugin.so' refused: not an ELF file "
        "(mortise --build-plugin makes a shared object of a source file)\n")
    shutil.copy(BUILD / "plugins/http_plugin.so", tmp_path / "other_plugin.so")
    assert "refused: it exports no hook table 'other_plugin'\n  a table is found by its file's name\n" \
           "  rename the file to http_plugin.so\n" in refusal(tmp_path, "--plugin", "./other_plugin.so")
