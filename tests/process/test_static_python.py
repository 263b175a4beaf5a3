"""The server with the interpreter linked into it, and in the interpreter's own program (-DMORTISE_STATIC_PYTHON): the same
one with another cost."""

import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from mortise import BUILD, ROOT, wait_until, write

PROGRAMS = [BUILD / "fixtures" / name for name in ("static_python", "in-python")]
THERE = [program for program in PROGRAMS if program.exists()]

pytestmark = pytest.mark.skipif(not THERE, reason="the interpreter has no archive, or this is a build with sanitizers")

APP = """
import sys
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(eval(environ.get("HTTP_X_EVAL", "None"))).encode()]
"""


# Returns when two requests are in it at the same time: how many of them this interpreter has seen.
MEETING = """
import glob, threading, time
MINE = []
def meet():
    MINE.append(1)
    open("met-%d" % threading.get_ident(), "w").close()
    end = time.monotonic() + 10
    while len(glob.glob("met-*")) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    return len(MINE)
"""


@pytest.fixture(autouse=True, params=THERE or PROGRAMS, ids=lambda program: program.name)
def program(request, monkeypatch):
    monkeypatch.setattr("mortise.BINARY", str(request.param))
    return request.param


def ask(server, expression):
    return eval(server.get(headers={"X-Eval": expression}).text)


def test_no_shared_libpython_is_loaded(wsgi):
    server = wsgi(APP)
    assert [line for line in ask(server, "open('/proc/self/maps').read().splitlines()") if "libpython" in line] == []


def test_extension_modules_find_the_interpreter(wsgi):
    """Those of the standard library, and those of the libraries that are known for what they do."""
    names = ("_json", "_ctypes", "_decimal", "ssl", "sqlite3", "numpy", "lxml.etree", "cryptography.fernet", "psycopg2", "greenlet")
    server = wsgi(APP, "--virtualenv", sys.prefix)
    assert ask(server, "[__import__(name) and name for name in %r]" % (names,)) == list(names)


def test_it_exports_what_the_shared_library_exports(wsgi):
    """An extension may call any function of the C API, and not only those that the server needs itself."""
    server = wsgi(APP)
    names = ["PyOS_FSPath", "PyRun_SimpleStringFlags", "PyMarshal_WriteObjectToString", "Py_BytesMain", "PyContextVar_New", "PyStructSequence_NewType"]
    program = "__import__('ctypes').CDLL(None)"
    assert ask(server, "[name for name in %r if not hasattr(%s, name)]" % (names, program)) == []


def test_it_has_the_standard_library_of_the_interpreter_whose_archive_it_has(wsgi):
    server = wsgi(APP)
    assert ask(server, "[sys.prefix, sys.version, __import__('os').__file__]") == [sys.base_prefix, sys.version, os.__file__]
    assert pathlib.Path(ask(server, "sys.executable")).resolve() == pathlib.Path(sys.executable).resolve()


def test_a_virtualenv_is_used(wsgi):
    server = wsgi(APP, "--virtualenv", sys.prefix)
    assert ask(server, "sys.prefix") == sys.prefix


def test_the_plugin_may_be_named_all_the_same(mortise):
    server = mortise("--plugins", "http,python3", "--plugin", "python", "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    assert ask(server, "1 + 1") == 2
    assert "error" not in server.log and "warning: load" not in server.log


def test_interpreters_of_threads_are_apart(wsgi):
    server = wsgi(APP + MEETING, "--py-thread-interpreters", "--threads", 2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, [server] * 2, ["meet()"] * 2)) == [1, 1]


def test_a_reload_loads_the_application_again(wsgi):
    server = wsgi(APP + "NUMBER = 1\n", "--master")
    told = "(NUMBER, __import__('os').getpid())"
    number, before = ask(server, told)
    assert number == 1
    write(server.folder, "app.py", APP + "NUMBER = 2\n")
    server.signal(signal.SIGHUP)
    # Both workers serve until the old one is told to stop: number and pid are of one answer.
    answer = wait_until(lambda: (got := ask(server, told))[0] == 2 and got, what="the new application")
    assert answer[1] != before


def test_what_the_application_starts_is_as_it_would_be_without(wsgi):
    server = wsgi(APP)
    environment = ask(server, "__import__('subprocess').run(['env'], capture_output=True, text=True).stdout")
    assert not [line for line in environment.splitlines() if line.startswith(("LD_PRELOAD=", "MORTISE_PROGRAM=", "MORTISE_PRELOADED="))]


def test_what_an_operator_preloads_stays_preloaded(wsgi):
    server = wsgi(APP, env={"LD_PRELOAD": "libm.so.6"})
    assert ask(server, "__import__('subprocess').run(['env'], capture_output=True, text=True).stdout").count("LD_PRELOAD=libm.so.6\n") == 1


def test_it_is_the_server_s_name_that_is_seen(wsgi):
    server = wsgi(APP)
    assert not pathlib.Path("/proc/%d/comm" % server.process.pid).read_text().startswith("python")


def test_harakiri_tells_the_stack(wsgi):
    server = wsgi(APP.replace("import sys", "import sys, time\ndef forever():\n    time.sleep(600)", 1), "--harakiri", 1)
    server.get(headers={"X-Eval": "forever()"})
    server.wait_for_log("in forever")


def test_a_launcher_without_its_library_says_so(program, tmp_path):
    if program.name != "in-python":
        pytest.skip("has none")
    (tmp_path / "bin").mkdir()
    shutil.copy(program, tmp_path / "bin")
    told = subprocess.run([tmp_path / "bin" / program.name], capture_output=True, text=True)
    assert told.returncode == 72
    assert told.stderr == "error: read %s/bin/../lib/mortise/in_python.so: No such file or directory (install the server again)\n" % tmp_path
    (tmp_path / "a folder").mkdir()
    for file in (program, program.with_name("in_python.so")):
        shutil.copy(file, tmp_path / "a folder")
    told = subprocess.run([tmp_path / "a folder" / program.name], capture_output=True, text=True)
    assert told.returncode == 72
    assert "its path has a blank or a colon (ld.so takes none in LD_PRELOAD: install it elsewhere)" in told.stderr


def test_without_an_archive_the_build_says_what_is_missing(tmp_path):
    """Another interpreter than this one: its archive is where nobody has put it."""
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho '/nowhere/libpython3.99.a|-lm|/nowhere/python|ON'\n")
    fake.chmod(0o755)
    script = tmp_path / "CMakeLists.txt"
    script.write_text('cmake_minimum_required(VERSION 3.21)\nproject(x NONE)\nset(MORTISE_STATIC_PYTHON ON)\nset(Python3_EXECUTABLE "%s")\ninclude("%s")\n' % (
        fake, ROOT / "tools/cmake/MortiseStaticPython.cmake"))
    told = subprocess.run(["cmake", "-S", str(tmp_path), "-B", str(tmp_path / "build")], capture_output=True, text=True)
    assert told.returncode != 0
    text = " ".join(told.stderr.split())
    assert "MORTISE_STATIC_PYTHON: %s has no archive to link: there is no /nowhere/libpython3.99.a" % fake in text
    assert "-DPYTHON=/path" in text
