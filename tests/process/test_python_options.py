"""Options of the Python plugin: what they load, run and accept."""

import os
import re
import socket
import sys
import time

import pytest

from mortise import BUILD, run, wait_until, write

HELLO = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""


def http(mortise, *args, **kwargs):
    return mortise("--http-socket", "127.0.0.1:0", *args, **kwargs)


# ---- what is served ----


def test_eval_defines_the_application(mortise):
    assert http(mortise, "--eval", HELLO).get().text == "hello"


PASTE = """
[composite:main]
use = egg:Paste#urlmap
[app:main]
paste.app_factory = pasted:factory
greeting = from paste
[app:second]
paste.app_factory = pasted:factory
greeting = the second
[loggers]
keys = root
[handlers]
keys = out
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = out
[handler_out]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = logged: %(message)s
""".replace("[composite:main]\nuse = egg:Paste#urlmap\n", "")
PASTED = """
import logging
def factory(settings, greeting):
    logging.info("made %s", greeting)
    def application(environ, start_response):
        start_response("200 OK", [])
        return [greeting.encode()]
    return application
"""


@pytest.mark.parametrize(
    "args, answer",
    [
        (["--paste", "config:site.ini"], "from paste"),
        (["--ini-paste-logged", "site.ini"], "from paste"),
        (["--paste", "config:site.ini", "--paste-name", "second"], "the second"),
    ],
)
def test_paste_makes_the_application(mortise, args, answer):
    pytest.importorskip("paste.deploy")
    server = http(mortise, "--virtualenv", sys.prefix, *args, files={"site.ini": PASTE, "pasted.py": PASTED})
    assert server.get().text == answer
    assert ("logged: made" in server.log) == ("--ini-paste-logged" in args)


def test_ini_paste_reads_the_servers_own_section_too(mortise):
    pytest.importorskip("paste.deploy")
    own = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nprocesses = 2\n"
    server = mortise("--virtualenv", sys.prefix, "--ini-paste", "site.ini", files={"site.ini": own + PASTE, "pasted.py": PASTED})
    assert server.get().text == "from paste"
    server.wait_for_log(r"\(2 workers\)")


def test_buffers_are_bodies_where_that_is_wanted(wsgi):
    source = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [bytearray(b"one "), memoryview(b"two "), b"three"]
"""
    assert wsgi(source, "--wsgi-accept-buffers").get().text == "one two three"
    assert wsgi(source).get().status == 500


def test_the_head_may_be_sent_by_start_response(wsgi):
    server = wsgi(
        """
import threading
go = threading.Event()
def application(environ, start_response):
    if environ["PATH_INFO"] == "/go":
        go.set()
    start_response("200 OK", [("Content-Type", "text/plain")])
    go.wait(10)
    return [b"body"]
""",
        "--start_response-nodelay",
        "--threads",
        "2",
    )
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(12) == b"HTTP/1.1 200"
        server.get("/go")


# ---- modules and paths ----


def test_patterns_in_pythonpath_stand_for_folders(mortise):
    files = {"lib/a/ma.py": "", "lib/b/mb.py": "", "app.py": "import ma, mb\n" + HELLO}
    assert http(mortise, "--wsgi-file", "app.py", "--pythonpath", "lib/*", files=files).get().text == "hello"


def test_modules_can_have_other_names(mortise):
    files = {"real.py": "NAME = 'real'", "app.py": "import other\nassert other.NAME == 'real'\n" + HELLO}
    server = http(mortise, "--wsgi-file", "app.py", "--pymodule-alias", "other=real.py", "--pymodule-alias", "o2=json", files=files)
    assert server.get().text == "hello"


def test_early_imports_run_in_the_master(mortise):
    files = {"early.py": "import os\nprint('early in', os.getpid(), flush=True)", "app.py": HELLO}
    server = http(mortise, "--wsgi-file", "app.py", "--early-pyimport", "early.py", files=files)
    assert int(server.wait_for_log(r"early in (\d+)").group(1)) == server.process.pid


def test_the_environment_and_arguments_that_were_configured_are_there(mortise):
    source = "import os, sys\nprint(os.environ['COLOUR'], sys.argv[1:], flush=True)\n" + HELLO
    server = http(mortise, "--wsgi-file", "app.py", "--env", "COLOUR=red", "--pyargv", "-x 'a b'", files={"app.py": source})
    server.wait_for_log(r"red \['-x', 'a b'\]")


def test_optimize_drops_asserts(mortise):
    source = "assert False\nprint(__debug__, flush=True)\n" + HELLO
    http(mortise, "--wsgi-file", "app.py", "--optimize", "1", files={"app.py": source}).wait_for_log("False")


# ---- programs ----


def test_pyrun_runs_a_program_and_ends_with_its_status(tmp_path):
    write(tmp_path, "job.py", "import sys, uwsgi\nprint(__name__, sys.argv, uwsgi.version)\nsys.exit(7)\n")
    for option in ("--pyrun", "--py", "--python"):
        ended = run(tmp_path, option, "job.py", "--pyargv", "a b")
        assert ended.returncode == 7
        assert re.search(r"__main__ \['.*/job.py', 'a', 'b'\] b'2", ended.stdout)


def test_pyrun_shows_the_traceback_of_a_program_that_fails(tmp_path):
    write(tmp_path, "job.py", "1/0")
    ended = run(tmp_path, "--pyrun", "job.py")
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stdout


def test_pyshell_runs_code(tmp_path):
    ended = run(tmp_path, "--pyshell=import uwsgi; print('workers', uwsgi.numproc)", "--processes", "3")
    assert ended.returncode == 0
    assert "workers 3" in ended.stdout


@pytest.mark.parametrize("source, status, text", [("x = 1", 0, "tested can be imported"), ("1/0", 22, "ZeroDivisionError")])
def test_test_imports_a_module_and_ends(tmp_path, source, status, text):
    write(tmp_path, "tested.py", source)
    ended = run(tmp_path, "--test", "tested")
    assert ended.returncode == status
    assert text in ended.stdout


def test_python_version_is_printed(tmp_path):
    ended = run(tmp_path, "--python-version")
    assert ended.returncode == 0
    assert re.match(r"3\.\d+\.\d+\n", ended.stdout)


def test_a_program_may_do_the_workers_work(mortise):
    files = {
        "own.py": """
import signal, time, uwsgi
signal.signal(signal.SIGTERM, lambda *_: exit(0))
print("own loop of worker", uwsgi.worker_id(), flush=True)
while True:
    time.sleep(0.05)
"""
    }
    server = mortise("--http-socket", "127.0.0.1:0", "--python-worker-override", "own.py", "--processes", "2", files=files)
    server.wait_for_log("own loop of worker [12]", count=2)


# ---- while serving ----


def test_autoreload_takes_the_changed_application(wsgi):
    server = wsgi(HELLO, "--py-autoreload", "1", "--py-auto-reload-ignore", "json")
    assert server.get().text == "hello"
    time.sleep(0.01)  # another time of change
    write(server.folder, "app.py", HELLO.replace("hello", "changed"))
    server.wait_for_log(r"python: module \w+ \(.*app.py\) changed: reloading")
    wait_until(lambda: server.get().text == "changed", what="the new application")


RAISING = """
import uwsgi
class Broken(Exception):
    pass
def application(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise Broken("no way")
    if environ["PATH_INFO"] == "/other":
        raise KeyError("other")
    start_response("200 OK", [])
    return [str(__import__("os").getpid()).encode()]
"""


@pytest.mark.parametrize(
    "option",
    [
        ["--reload-on-exception"],
        ["--reload-on-exception-type", "Broken"],
        ["--reload-on-exception-value", "no way"],
        ["--reload-on-exception-repr", "Broken: no way"],
    ],
)
def test_a_worker_is_replaced_after_an_exception_where_that_is_wanted(wsgi, option):
    server = wsgi(RAISING, *option)
    pid = server.get().text
    if len(option) > 1:
        server.get("/other")
        assert server.get().text == pid
    assert server.get("/fail").status == 500
    server.wait_for_log(r"python: worker 1 is replaced because of Broken \(reload-on-exception\)")
    wait_until(lambda: server.get().text != pid, what="another worker")


def test_the_tracebacker_tells_the_stacks_of_all_threads_even_while_the_gil_is_held(wsgi):
    server = wsgi(
        """
import ctypes, os, threading, time
def waiting_here():
    time.sleep(30)
threading.Thread(target=waiting_here, daemon=True).start()
def busy_here():
    ctypes.PyDLL(None).open(b"hold", os.O_WRONLY)  # holds the GIL until somebody reads
def application(environ, start_response):
    busy_here()
    start_response("200 OK", [])
    return []
""",
        "--py-tracebacker",
        "tb.sock",
    )
    os.mkfifo(server.folder / "hold")
    server.wait_for_log("worker 1 tells the stacks of its threads on tb.sock1")
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")

        def stacks():
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(server.folder / "tb.sock1"))
                return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

        text = wait_until(lambda: "busy_here" in (text := stacks()) and text, what="the busy request")
        assert "*** worker 1 (pid " in text
        assert "waiting_here" in text
        os.close(os.open(server.folder / "hold", os.O_RDONLY))
        assert client.recv(4096).startswith(b"HTTP/1.1 200")


# ---- names ----




@pytest.mark.parametrize("name", ["web3", "pump", "wsgi-lite", "python-raw"])
def test_what_does_nothing_says_so_once(mortise, name):
    server = http(mortise, "--wsgi-file", "app.py", "--" + name, "x", files={"app.py": HELLO})
    assert server.get().text == "hello"
    assert server.log.count("python: warning: option '%s' does nothing here: this server speaks WSGI" % name) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["--early-python", "--py-call-osafterfork", "--py-call-uwsgi-fork-hooks", "--py-master-check-signals"],
        ["--reload-os-env", "--wsgi-strict", "--wsgi-manage-chunked-input", "--wsgi-env-behaviour", "holy"],
        ["--wsgi-env-behavior", "cheat", "--single-interpreter", "--enable-threads"],
    ],
)
def test_what_is_always_so_is_accepted(mortise, args):
    server = http(mortise, "--wsgi-file", "app.py", *args, files={"app.py": HELLO})
    assert server.get().text == "hello"
    assert "does nothing" not in server.log and "unknown option" not in server.log


@pytest.mark.skipif(not (BUILD / "plugins" / "sharedareas_plugin.so").exists(), reason="the plugin sharedareas is not built")
def test_py_sharedarea_gives_an_area(wsgi):
    server = wsgi(
        """
import uwsgi
def application(environ, start_response):
    uwsgi.sharedarea_inc32(0, 4)
    start_response("200 OK", [])
    return [b"%d" % uwsgi.sharedarea_read32(0, 4)]
""",
        "--py-sharedarea",
        "4096",
    )
    assert [server.get().text for _ in range(3)] == ["1", "2", "3"]


def test_gevent_that_is_not_there_ends_the_start(tmp_path):
    write(tmp_path, "gevent.py", "raise ImportError('broken by hand')")
    write(tmp_path, "app.py", HELLO)
    ended = run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--gevent", "2")
    assert ended.returncode == 22
    assert "python: gevent does not start (install it where this Python finds it: pip install gevent):" in ended.stdout
    assert "ImportError: broken by hand" in ended.stdout


def test_a_file_behind_an_option_with_an_optional_value_is_served_with_a_warning(mortise):
    server = http(mortise, "--wsgi-file", "app.py", "--mule", "app.py", files={"app.py": HELLO})
    assert server.get().text == "hello"
    server.wait_for_log(r"warning: argument 'app\.py' is taken for what to serve \(for a value of --mule write --mule=app\.py\)")
