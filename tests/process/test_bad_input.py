"""Wrong input on purpose: one clear line with what, why and what to do, and the documented exit status."""

import os
import shutil
import socket
import subprocess

import pytest

from mortise import EXAMPLES, ROOT, run, write

USAGE, NO_INPUT, NO_ADDRESS, CONFIG, PLUGIN, NO_APP = 64, 66, 69, 78, 79, 22
HELLO = (EXAMPLES / "hello" / "bootstrap.py").read_text()


def refused(result, status, *texts):
    assert result.returncode == status, result.stdout
    for text in texts:
        assert text in result.stdout, result.stdout
    assert "Traceback" not in result.stdout or status == NO_APP
    assert "worker 1 (pid" not in result.stdout or status == NO_APP, "it started to serve"


def build(folder, source, *flags):
    """A plugin from C text, compiled by hand against the SDK."""
    write(folder, "x.c", source)
    subprocess.run(["cc", "-shared", "-fPIC", "-I%s" % (ROOT / "sdk" / "include"), *flags, "x.c", "-o", "x_plugin.so"],
                   cwd=folder, check=True)
    return folder / "x_plugin.so"


GOOD = '#include <uwsgi.h>\nstruct uwsgi_plugin x_plugin = {.name = "x"};\n'


def test_an_unknown_option_is_refused_with_the_nearest_name(tmp_path):
    refused(run(tmp_path, "--http-socket", ":0", "--vaccum"), USAGE,
            "error: unknown option '--vaccum': did you mean '--vacuum'? (see mortise --help)\n")


@pytest.mark.parametrize("args, named", [
    (["--module", ":"], "module = ':'"), (["--module", ""], "module = ''"), (["--module", "", "--callable", "app"], "module = ''"),
    (["--module", ":app"], "module = ':app'"), (["--wsgi-file", ""], "wsgi-file = ''"), (["--callable", "application"], "callable = 'application'"),
])
def test_options_that_name_no_application_end_the_start(tmp_path, args, named):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", *args), NO_APP,
            "error: python: %s names no application (write module = MODULE[:CALLABLE], or wsgi-file = FILE)\n" % named)


def test_options_that_name_no_application_are_told_where_none_is_needed(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--module", ":", "--need-app=false")
    assert "error: python: module = ':' names no application" in server.log and server.get("/").status == 500


NO_NUMBER = "not a number (give a whole number, without a unit)"
NO_PAGES = "not a number of pages from 1 to 2147483647 (for bytes write size=64k)"
NO_NAME = "the variable has no name (write NAME=VALUE)"
FORMS = "(write HOST:PORT, /path or @abstract)"


@pytest.mark.parametrize("option, value, why", [
    ("mules", "abc", NO_NUMBER), ("mules", "2x", NO_NUMBER), ("mules", "-1", "out of range (from 0 to 65535)"),
    ("mules", "65536", "out of range (from 0 to 65535)"), ("mule-msg-recv-size", "1k", NO_NUMBER),
    ("http-keepalive", "abc", NO_NUMBER), ("http-keepalive", "-5", "out of range (from 0 to 2147483647)"), ("http-keepalive", "5s", NO_NUMBER),
    *((option, value, "out of range (from 0 to 255)") for option, value in (
        ("http-modifier1", "999"), ("http-modifier2", "256"), ("http-socket-modifier1", "261"), ("http-socket-modifier2", "256"))),
    ("http-modifier1", "x", NO_NUMBER), ("http-var", "=x", NO_NAME), ("http-var", "", NO_NAME),
    ("sharedarea", "1x", NO_PAGES), ("sharedarea", "x", NO_PAGES), ("sharedarea", "0", NO_PAGES), ("sharedarea", "-1", NO_PAGES),
])
def test_a_value_that_cannot_be_is_refused_by_whichever_plugin_has_the_option(tmp_path, option, value, why):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--no-need-app", "--%s=%s" % (option, value)), USAGE,
            "%s = '%s': %s\n" % (option, value, why))


@pytest.mark.parametrize("value, why", [
    ("127.0.0.1:99999", "its port is not a number from 1 to 65535"), ("", "it is empty"), ("123", "it has no port"),
])
def test_a_server_that_the_gateway_could_never_reach_is_refused(tmp_path, value, why):
    refused(run(tmp_path, "--http", "127.0.0.1:0", "--http-to", value), USAGE, "error: http-to = '%s': %s %s\n" % (value, why, FORMS))


def test_an_option_without_its_value_is_refused(tmp_path):
    refused(run(tmp_path, "--http-socket"), USAGE, "--http-socket")


def test_a_number_that_is_none_is_refused(tmp_path):
    refused(run(tmp_path, "--http-socket", ":0", "--processes", "four"), USAGE, "processes", "four")


@pytest.mark.parametrize("option, value", [("processes", 0), ("threads", 1000000), ("buffer-size", 10), ("max-vars", 0)])
def test_a_number_that_cannot_serve_is_refused(tmp_path, option, value):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--" + option, value), USAGE,
            "error: option '%s': %d is out of range (from " % (option, value))


def test_what_uwsgi_makes_little_of_is_told(mortise):
    text = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = bootstrap.py\nlog-slow = true\nenv = FOO\nenv = BAR=1\n"
    server = mortise("--ini", "app.ini", files={"bootstrap.py": HELLO, "app.ini": text}, env={"FOO": "1"})
    server.wait_for_log(r"warning: log-slow = true: it is off, as in uWSGI \(.* log-slow = 1000\)")
    server.wait_for_log(r"warning: env = FOO: no '=', so it is unset \(write NAME=value, or unenv\)")
    assert "env = BAR" not in server.log
    assert server.get().status == 200


def test_a_number_for_slow_requests_that_is_none_is_refused(tmp_path):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--log-slow", "soon"), USAGE, "log-slow", "soon")


def test_nothing_to_listen_on_is_refused(tmp_path):
    refused(run(tmp_path), USAGE, "there is nothing to listen on")


def test_nothing_to_serve_is_refused(tmp_path):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0"), NO_APP, "no plugin that is loaded answers requests")


def test_a_missing_configuration_file_is_refused(tmp_path):
    refused(run(tmp_path, "--ini", "absent.ini"), NO_INPUT, "absent.ini", "No such file or directory")


def test_a_missing_application_file_ends_the_server_with_status_22(tmp_path):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "absent.py"), NO_APP, "absent.py")


def test_a_folder_as_application_file_ends_the_server_with_status_22(tmp_path):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "/"), NO_APP, "Is a directory")


def test_an_application_that_fails_ends_the_server_with_its_traceback(tmp_path):
    write(tmp_path, "broken.py", "import does_not_exist_anywhere\n")
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "broken.py"), NO_APP,
            "Traceback", "does_not_exist_anywhere")


def test_a_value_may_be_what_a_command_writes(mortise, tmp_path):
    text = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = @(exec://echo bootstrap).py\n"
    mortise("--ini", "app.ini", files={"bootstrap.py": HELLO, "app.ini": text}).wait_for_log(r"loaded in")
    write(tmp_path, "wrong.ini", "[uwsgi]\nprocesses = @(exec:///no/such/program)\n")
    refused(run(tmp_path, "--ini", "wrong.ini"), 66,
            "error: wrong.ini:2: run '/no/such/program': the shell cannot run it (its message stands above)")


def test_comments_behind_values_are_told_once_for_each_file(mortise):
    text = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = bootstrap.py\nvacuum = true ; tidy\nharakiri = 60 # s\n"
    server = mortise("--ini", "app.ini", files={"bootstrap.py": HELLO, "app.ini": text})
    server.wait_for_log(r"loaded in")
    told = [line for line in server.log.splitlines() if "comments behind" in line]
    assert len(told) == 1
    assert told[0].endswith("warning: app.ini: comments behind values were cut: line 4 (vacuum = 'true'), "
                            "line 5 (harakiri = '60'); put them on lines of their own")


def test_an_unknown_key_in_a_file_is_a_warning_and_with_strict_an_error(mortise, tmp_path):
    text = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = bootstrap.py\nvaccum = true\n"
    server = mortise("--ini", "app.ini", files={"bootstrap.py": HELLO, "app.ini": text})
    server.wait_for_log(r"app\.ini:4: unknown option 'vaccum': did you mean 'vacuum'\?")
    write(tmp_path, "strict.ini", text + "strict = true\n")
    refused(run(tmp_path, "--ini", "strict.ini"), USAGE, "strict.ini:4: unknown option 'vaccum'")


@pytest.mark.parametrize("option", ["--http", "--http-socket", "--socket"])
def test_an_address_in_use_is_refused(tmp_path, option):
    write(tmp_path, "bootstrap.py", HELLO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        refused(run(tmp_path, option, address, "--wsgi-file", "bootstrap.py"), NO_ADDRESS, address,
                "Address already in use")


def test_an_absent_plugin_is_refused_with_every_path_tried(tmp_path):
    refused(run(tmp_path, "--plugin", "nowhere", "--plugin-dir", tmp_path, "--http-socket", ":0"), PLUGIN,
            "load plugin 'nowhere'", "%s/nowhere_plugin.so" % tmp_path, "plugins/nowhere_plugin.so")


def test_a_plugin_file_that_is_absent_is_refused(tmp_path):
    refused(run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", ":0"), PLUGIN, "./x_plugin.so",
            "No such file or directory")


def test_a_plugin_that_is_no_elf_file_is_refused(tmp_path):
    write(tmp_path, "x_plugin.so", "this is text\n")
    refused(run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", ":0"), PLUGIN,
            "plugin './x_plugin.so' refused: not an ELF file")


def test_a_truncated_plugin_is_refused_at_any_length(tmp_path):
    whole = build(tmp_path, GOOD).read_bytes()
    for length in (0, 10, 63, 64, 200, 1000, len(whole) // 2):
        (tmp_path / "x_plugin.so").write_bytes(whole[:length])
        refused(run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", ":0"), PLUGIN, "plugin './x_plugin.so' refused")


def test_a_plugin_without_a_note_is_refused_before_its_constructor_runs(tmp_path):
    build(tmp_path, '#include <stdio.h>\n__attribute__((constructor)) static void ran(void) { puts("RAN"); }\n'
                    "char x_plugin[408];\n")
    result = run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", ":0")
    refused(result, PLUGIN, "plugin './x_plugin.so' refused: it has no ABI note")
    assert "RAN" not in result.stdout


def test_a_plugin_of_another_abi_is_refused_before_its_constructor_runs(tmp_path):
    include = tmp_path / "include"
    shutil.copytree(ROOT / "sdk" / "include", include)
    note = include / "mortise" / "abi_note.h"
    note.write_text(note.read_text().replace("#define UWSGI_ABI_MINOR 0", "#define UWSGI_ABI_MINOR 4"))
    write(tmp_path, "x.c", GOOD + '__attribute__((constructor)) static void ran(void) { puts("RAN"); }\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-I%s" % include, "x.c", "-o", "x_plugin.so"], cwd=tmp_path, check=True)
    result = run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", ":0")
    refused(result, PLUGIN, "plugin './x_plugin.so' refused: needs ABI 1.4, this server offers 1.0")
    assert "RAN" not in result.stdout


def test_a_plugin_whose_table_has_no_name_is_refused(tmp_path):
    build(tmp_path, "#include <uwsgi.h>\nstruct uwsgi_plugin x_plugin = {.modifier1 = 7};\n")
    refused(run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", ":0"), PLUGIN, "plugin './x_plugin.so' refused",
            "name")


def test_a_plugin_that_needs_a_function_that_nobody_has_is_refused_before_its_constructor_runs(tmp_path):
    build(tmp_path, "#include <uwsgi.h>\nvoid uwsgi_no_such_function(void);\n"
                    "static int start(void) { uwsgi_no_such_function(); return 0; }\n"
                    '__attribute__((constructor)) static void ran(void) { puts("RAN"); }\n'
                    'struct uwsgi_plugin x_plugin = {.name = "x", .init = start};\n')
    result = run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", "127.0.0.1:0")
    refused(result, PLUGIN, "it needs the function uwsgi_no_such_function, which neither this server nor a plugin has")
    assert "RAN" not in result.stdout


def test_a_plugin_whose_init_fails_is_refused(tmp_path):
    build(tmp_path, '#include <uwsgi.h>\nstatic int no(void) { return -1; }\n'
                    'struct uwsgi_plugin x_plugin = {.name = "x", .init = no};\n')
    refused(run(tmp_path, "--plugin", "./x_plugin.so", "--http-socket", "127.0.0.1:0"), PLUGIN, "start plugin 'x'",
            "its init hook failed")


def test_a_source_that_does_not_compile_is_reported(tmp_path):
    write(tmp_path, "bad.c", "this is not C\n")
    refused(run(tmp_path, "--build-plugin", "bad.c"), 1, "build plugin 'bad': cc ended with status 1 (its messages stand above)")
    refused(run(tmp_path, "--build-plugin", "absent.c"), NO_INPUT, "absent.c", "No such file or directory")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may try")
def test_an_unknown_user_is_refused(tmp_path):
    refused(run(tmp_path, "--http-socket", "127.0.0.1:0", "--uid", "nobody-has-this-name"), 77, "nobody-has-this-name")


def test_a_protocol_that_nobody_has_is_refused(tmp_path):
    refused(run(tmp_path, "--socket", "127.0.0.1:0", "--protocol", "gopher"), USAGE, "no protocol 'gopher'", "uwsgi")


@pytest.mark.parametrize("option", ["--umask", "--chmod-socket"])
def test_a_mode_that_is_not_octal_is_refused(tmp_path, option):
    for value in ("999", "rw", "66x", "77777"):
        refused(run(tmp_path, "--socket", "x.sock", "%s=%s" % (option, value)), USAGE,
                "%s = '%s': not an octal mode (give octal digits, such as 660)" % (option[2:], value))


def test_a_queue_longer_than_the_system_has_is_told(mortise):
    with open("/proc/sys/net/core/somaxconn") as file:
        most = int(file.read())
    server = mortise("--http-socket", "127.0.0.1:0", "--listen", str(most + 1), "--wsgi-file", "app.py", files={"app.py": HELLO})
    assert "listen = %d: the system lets %d wait (raise net.core.somaxconn, or lower --listen)" % (most + 1, most) in server.log
