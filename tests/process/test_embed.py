"""One file that serves without a plugin folder, and the server inside another program."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from mortise import BUILD, SANITIZED, clean_environment, run

PROGRAMS = BUILD / "fixtures"
EMBEDS = "MORTISE_EMBED:STRING=\n" not in (BUILD / "CMakeCache.txt").read_text()

APP = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served ", environ["PATH_INFO"].encode()]
"""
TICKING_APP = APP + """
import uwsgi
uwsgi.register_signal(17, "worker", lambda number: print("tick", flush=True))
uwsgi.add_ms_timer(17, 20)
"""


def processes(server):
    """The server's processes."""
    found = subprocess.run(["ps", "-o", "pid=", "-g", str(server.process.pid)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def plugin_files(server):
    """Files of plugins that a process of the server has open."""
    lines = [line for pid in processes(server) for line in pathlib.Path("/proc/%d/maps" % pid).read_text().splitlines()]
    return {line.split()[-1] for line in lines if line.endswith("_plugin.so")}


@pytest.fixture
def deploy(tmp_path, monkeypatch):
    """deploy(name): from here on the server is this program, alone in a folder."""

    def copy(name):
        folder = tmp_path / "deployed"
        folder.mkdir()
        shutil.copy(PROGRAMS / name, folder / "server")
        monkeypatch.setattr("mortise.BINARY", str(folder / "server"))
        assert os.listdir(folder) == ["server"]

    return copy


@pytest.mark.parametrize("way_in", ["--http", "--http-socket"])
def test_one_file_serves_a_python_application(deploy, mortise, way_in):
    deploy("embedded_python")
    server = mortise(way_in, "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", 2, files={"app.py": APP})
    assert server.get("/x").body == b"served /x"
    assert plugin_files(server) == set()
    assert "error" not in server.log and "plugin" not in server.log


def test_a_plugin_brings_those_that_it_loads_into_the_file(deploy, mortise):
    deploy("embedded_python")  # of http and python; timers came with python
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": TICKING_APP})
    server.wait_for_log("tick", count=3)
    assert plugin_files(server) == set()


def test_one_file_of_python_mounts_applications(deploy, mortise):
    deploy("embedded_python")
    server = mortise("--http-socket", "127.0.0.1:0", "--vhost", "--manage-script-name", "--mount", "localhost|/a=app.py", "--mount", "/=app:application",
                     "--no-default-app", files={"app.py": APP})
    assert server.request("GET", "/a/x", headers={"Host": "localhost"}).body == b"served /x"
    assert plugin_files(server) == set()


def test_embedded_plugins_can_be_named_like_any(deploy, mortise):
    deploy("embedded_python")
    server = mortise("--ini", "app.ini", files={
        "app.py": APP,
        "app.ini": "[uwsgi]\nplugins = http,python3\nhttp-socket = 127.0.0.1:0\nmodule = app\n"})
    assert server.get("/y").body == b"served /y"
    assert "error" not in server.log and "warning: load" not in server.log


def test_a_short_option_of_an_embedded_plugin_is_known(deploy, mortise):
    deploy("embedded_python")
    assert mortise("--http-socket", "127.0.0.1:0", "-w", "app", files={"app.py": APP}).get("/s").body == b"served /s"


def test_an_embedded_plugin_that_nothing_asks_for_stays_asleep(deploy, mortise, tmp_path):
    deploy("embedded_python")
    server = mortise("--plugin", PROGRAMS / "http_probe_plugin.so", "--http-socket", "127.0.0.1:0")
    assert "python" not in server.log


def test_the_help_of_one_file_lists_its_options_and_complains_of_nothing(deploy, tmp_path):
    deploy("embedded_python")
    told = run(tmp_path, "--help")
    assert told.returncode == 0
    for option in ("--processes", "--http-socket", "--wsgi-file"):
        assert option in told.stdout
    assert "warning: " not in told.stdout and "error: " not in told.stdout


def test_an_unknown_option_of_one_file_is_the_only_complaint(deploy, tmp_path):
    deploy("embedded_python")
    told = run(tmp_path, "--wsgi-fil", "app.py")
    assert told.returncode == 64
    assert len(told.stdout.splitlines()) == 1 and "unknown option '--wsgi-fil': did you mean '--wsgi-file'?" in told.stdout


def test_one_file_of_a_strangers_c_plugin_serves(deploy, mortise):
    deploy("embedded_c")
    server = mortise("--plugin", "hello", "--socket", "x.sock")
    assert server.uwsgi_request().endswith(b"\r\n\r\nHello World\n")
    assert plugin_files(server) == set()


def test_an_embedded_plugin_is_started_before_one_that_calls_it(deploy, mortise):
    deploy("embedded_c")
    server = mortise("--ticking", "--plugin", "hello", "--socket", "x.sock")
    server.wait_for_log("ticking: the timer runs")


def test_an_embedded_plugin_is_started_before_a_file_that_calls_it(deploy, mortise):
    deploy("embedded_python")
    server = mortise("--plugin", PROGRAMS / "ticking_plugin.so", "--ticking", "--http-socket", "127.0.0.1:0",
                     "--wsgi-file", "app.py", files={"app.py": APP})
    server.wait_for_log("ticking: the timer runs")
    assert {pathlib.Path(path).name for path in plugin_files(server)} == {"ticking_plugin.so"}


DIGESTING = "digesting: a9993e364706816aba3e25717850c26c9cd0d89d, queue\n"  # FIPS 180-2, A.1


@pytest.mark.skipif(EMBEDS, reason="the server has them in it")
def test_functions_that_the_server_does_not_have_come_with_a_plugin_that_nobody_names(mortise):
    server = mortise("--plugin", PROGRAMS / "digesting_plugin.so", "--socket", "x.sock", "--need-app=false")
    server.wait_for_log(DIGESTING)
    assert {pathlib.Path(path).name for path in plugin_files(server)} == {"crash_plugin.so", "digesting_plugin.so", "runtime_plugin.so"}


def test_a_file_finds_the_functions_of_the_api_in_a_server_with_embedded_plugins(deploy, mortise):
    deploy("embedded_c")
    server = mortise("--plugin", PROGRAMS / "digesting_plugin.so", "--plugin", "hello", "--socket", "x.sock")
    server.wait_for_log(DIGESTING)
    assert {pathlib.Path(path).name for path in plugin_files(server)} == {"digesting_plugin.so"}


# ---- the server inside another program: examples/embed/main.c ----


@pytest.fixture
def embedding(monkeypatch):
    monkeypatch.setattr("mortise.BINARY", str(PROGRAMS / "embedding"))


def test_a_program_with_the_server_in_it_serves_and_gets_its_status(embedding, mortise):
    server = mortise("127.0.0.1:0", "app.py", files={"app.py": APP})
    assert server.get("/z").body == b"served /z"
    assert {pathlib.Path(path).parent for path in plugin_files(server)} == {BUILD / "plugins"}
    stopped = subprocess.run([BUILD / "mortise", "stop", "--pid", str(server.process.pid)], env=clean_environment(), timeout=20)
    assert stopped.returncode == 0  # it is known under another program's name
    server.stop()
    assert server.log.count("the server ended with status") == 1  # children do not come back
    assert server.log.endswith("the server ended with status 0\n")


def test_a_program_gets_the_status_of_a_failed_start(embedding, mortise, tmp_path):
    running = mortise("127.0.0.1:0", "app.py", files={"app.py": APP})
    told = run(tmp_path, "%s:%d" % running.address(), "app.py")
    assert told.returncode == 69
    assert told.stdout.endswith("the server ended with status 69\n")


TWICE = """
import ctypes, os, signal, sys
server = ctypes.CDLL(sys.argv[1])  # RTLD_LOCAL
words = [word.encode() for word in ["host", *sys.argv[2:]]]
argv = (ctypes.c_char_p * (len(words) + 1))(*words, None)
mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
print("status", server.uwsgi_init(len(words), argv, None), flush=True)
print("mask", "kept" if signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask else "changed", flush=True)
print("again", server.uwsgi_init(len(words), argv, None), flush=True)
"""


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's runtime must be in the program from its start")
def test_a_program_may_load_the_library_late_and_goes_on_behind_it(mortise, monkeypatch, tmp_path):
    monkeypatch.setattr("mortise.BINARY", sys.executable)
    host = tmp_path / "host.py"
    host.write_text(TWICE)
    server = mortise(host, BUILD / "libmortise.so", "--plugin", PROGRAMS / "ticking_plugin.so", "--ticking",
                     "--plugin", PROGRAMS / "http_probe_plugin.so", "--http-socket", "127.0.0.1:0")
    server.wait_for_log("ticking: the timer runs")
    server.stop()
    after = server.log[server.log.index("status"):].splitlines()
    assert after[:2] == ["status 0", "mask kept"]
    assert "error: start the server: uwsgi_init() was called before in this process (call it in a process of its own)" in after[2]
    assert after[3:] == ["again 64"]
