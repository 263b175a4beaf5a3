"""Applications that do what they should not: the request ends with an error, the worker serves on."""

import re
import signal
import sys
import urllib.parse

import pytest

from mortise import read_all, wait_until

# Runs the code of the query string, which leaves its answer in `result`.
APP = """
import os, sys, urllib.parse

def application(environ, start_response):
    scope = {"environ": environ, "start_response": start_response, "ok": lambda: start_response("200 OK", []), "result": [b"done"]}
    exec(urllib.parse.unquote(environ["QUERY_STRING"]) or "ok(); result = [b'%d' % __import__('os').getpid()]", scope)
    return scope["result"]
"""


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """A server that all of these requests go to, one after the other."""
    from mortise import Mortise

    folder = tmp_path_factory.mktemp("victim")
    (folder / "app.py").write_text(APP)
    server = Mortise(folder, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--threads", "2")
    server.pid = server.get().text
    yield server
    server.stop()


def run(server, code, **kwargs):
    return server.get("/?" + urllib.parse.quote(code), **kwargs)


CLASS = "class Odd:\n    def __iter__(self): return self\n"
REFUSED = {
    # what the application does: what the log says
    "recursion": ("def deeper(): deeper()\ndeeper()", "RecursionError: maximum recursion depth exceeded"),
    "recursion in a body": ("def deeper(): yield from deeper()\nok(); result = deeper()", "RecursionError"),
    "memory": ("b'x' * (1 << 62)", "MemoryError"),
    "sys.exit": ("__import__('sys').exit(3)", "SystemExit: 3"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "an exception without a text": ("class E(Exception):\n    def __str__(self): raise ValueError('no text')\nraise E()", r"<(exception str\(\) failed|unprintable E object)>"),
    "no traceback module": ("import sys\nsys.modules['traceback'] = None\nraise ValueError('bare')", "ValueError: bare"),
    "a chain of exceptions": ("try:\n    1/0\nexcept Exception as e:\n    raise KeyError('second') from e", "direct cause of the following exception"),
    "an exception that contains itself": ("e = ValueError('own cause'); e.__cause__ = e\nraise e", "own cause"),
    "no environ": ("environ.clear(); raise ValueError('cleared')", "ValueError: cleared"),
    "an iterator that fails at once": (CLASS + "    def __next__(self): raise OSError('no bytes')\nok(); result = Odd()", "OSError: no bytes"),
    "an iterator of itself": (CLASS + "    def __next__(self): return self\nok(); result = Odd()", "application returned Odd in the response body"),
    "a class": (CLASS + "ok(); result = Odd", "application returned type in the response body"),
    "__iter__ that fails": ("class Odd:\n    def __iter__(self): raise RuntimeError('no iterator')\nok(); result = Odd()", "no iterator|application returned Odd"),
    "a bytearray": ("ok(); result = bytearray(b'x')", "application returned int in the response body"),
    "a list of numbers": ("ok(); result = [b'a', 1]", "application returned int in the response body"),
    "str": ("ok(); result = 'text'", "WSGI wants bytes"),
    "headers in a tuple": ("start_response('200 OK', ())", "the response headers must be a list"),
    "headers as pairs in lists": ("start_response('200 OK', [['A', 'b']])", r"must be a tuple \(name, value\)"),
    "a value that is not latin-1": ("start_response('200 OK', [('A', '\\u20ac')])", "characters outside latin-1"),
    "a surrogate": ("start_response('200 OK', [('A', '\\udc80')])", "characters outside latin-1"),
    "a status that is not latin-1": ("start_response('200 \\u20ac', [])", "must look like"),
    "a header of a megabyte": ("start_response('200 OK', [('A', 'b' * (1 << 20))])", "longer than 65535 bytes"),
    "two start_responses": ("ok(); ok()", "start_response was called twice"),
    "none": ("pass", "before it called start_response"),
    "none, and no body": ("result = []", "did not call start_response"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_and_the_worker_serves_on(victim, what):
    code, logged = REFUSED[what]
    before = len(victim.log)
    assert run(victim, code).status == 500
    wait_until(lambda: re.search(logged, victim.log[before:]), what=lambda: "%s in\n%s" % (logged, victim.log[before:]))
    run(victim, "import sys; sys.modules.pop('traceback', None); ok()")
    assert victim.get().text == victim.pid


TAKEN = {
    "input is closed": ("environ['wsgi.input'].close(); ok()", b"done"),
    "input is wrapped": ("import shutil, io; shutil.copyfileobj(environ['wsgi.input'], io.BytesIO()); ok()", b"done"),
    "start_response late, in the iterator": ("def late():\n    yield b''\n    ok()\n    yield b'late'\nresult = late()", b"late"),
    "ninety headers": ("start_response('200 OK', [('X-%d' % i, 'v' * 20) for i in range(90)])", b"done"),
    "close is no function": ("class Odd(list): close = 7\nok(); result = Odd([b'a'])", b"a"),
    "close exits": ("class Odd(list):\n    def close(self): raise SystemExit(1)\nok(); result = Odd([b'a'])", b"a"),
    "__len__ lies": ("class Odd(list):\n    def __len__(self): return 100\nok(); result = Odd([b'a'])", b"a"),
    "a list that grows while it is sent": ("class Odd(list): pass\nok(); result = Odd([b'a'])\nresult.append(b'b')", b"ab"),
    "subclasses of bytes": ("class Odd(bytes): pass\nok(); result = [Odd(b'a'), Odd(b'b')]", b"ab"),
    "a dict": ("ok(); result = {b'a': 1, b'b': 2}", b"ab"),
    "odd keys in environ": ("environ[1] = 2; environ[None] = environ; del environ['wsgi.input']; ok()", b"done"),
    "no stdout": ("import sys; sys.stdout = sys.stderr = None; ok()", b"done"),
    "signals": ("import signal\ntry: signal.signal(signal.SIGTERM, signal.SIG_IGN)\nexcept ValueError: pass\nok()", b"done"),
    "no garbage collection": ("import gc; gc.disable(); gc.collect(); gc.enable(); ok()", b"done"),
    "tracing": ("import sys; sys.settrace(lambda *a: None); sys.settrace(None); ok()", b"done"),
    "a thread for each request": ("import threading; t = threading.Thread(target=ok); t.start(); t.join()", b"done"),
    "a new event loop": ("import asyncio\nasync def f(): return ok()\nasyncio.run(f())", b"done"),
    "write after the end": ("write = ok(); write(b'x'); keep = write; result = [b'y']", b"xy"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_it_is_taken_and_the_worker_serves_on(victim, what):
    code, body = TAKEN[what]
    answer = run(victim, code)
    assert (answer.status, answer.body) == (200, body), victim.log[-2000:]
    assert victim.get().text == victim.pid


def test_a_child_that_returns_from_the_application_answers_nobody(wsgi):
    source = """
import os
def application(environ, start_response):
    child = os.fork()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if child:
        return [b"%d" % (os.waitpid(child, 0)[1] >> 8)]
    return [b"of the child"]
"""
    server = wsgi(source)
    for _ in range(3):
        assert server.get().body == b"0"
    server.wait_for_log(
        r"python: a process that the application forked returned from it in GET /: its answer is dropped, and it ends "
        r"\(end such a process with os._exit\(\)\)"
    )


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_worker_that_the_application_ends_is_replaced(wsgi, how):
    server = wsgi("import os\n" + APP.replace("    scope =", "    if environ['PATH_INFO'] == '/end': %s\n    scope =" % how))
    first = server.get().text
    with server.connect() as sock:
        sock.sendall(b"GET /end HTTP/1.1\r\nHost: a\r\n\r\n")
        read_all(sock)
    assert wait_until(lambda: server.get().text) != first


HANDLERS = """
import signal, threading, time
told = []
for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGALRM", "SIGPIPE"):
    signal.signal(getattr(signal, name), lambda number, frame: told.append(number))
threading.Thread(target=lambda: [time.sleep(0.01) for _ in iter(int, 1)], name="for-ever").start()
threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(int, 1)], name="busy", daemon=True).start()
import os
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"%d" % len(told)]
"""


@pytest.mark.parametrize("args", [[], ["--preload"], ["--threads", "2"]], ids=lambda args: " ".join(args) or "plain")
def test_signal_handlers_and_threads_of_the_application_do_not_keep_the_server_from_stopping(wsgi, args):
    server = wsgi(HANDLERS, "--reload-mercy", "3", "--worker-reload-mercy", "3", *args)
    assert server.get().status == 200
    server.signal(signal.SIGHUP)
    server.wait_for_log("loaded in", count=2)
    assert server.get().status == 200
    server.stop()


def test_an_application_that_patches_everything_with_gevent_is_served_by_threads(wsgi):
    pytest.importorskip("gevent")
    source = """
from gevent import monkey
monkey.patch_all()
import threading, time, queue, socket
def application(environ, start_response):
    done = queue.Queue()
    threads = [threading.Thread(target=lambda: (time.sleep(0.01), done.put(1))) for _ in range(5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    start_response("200 OK", [])
    return [b"%d" % done.qsize()]
"""
    server = wsgi(source, "--virtualenv", sys.prefix, "--threads", "2")
    assert [server.get().body for _ in range(6)] == [b"5"] * 6


def test_the_debugger_of_werkzeug_shows_where_it_failed_and_runs_code_there(wsgi):
    pytest.importorskip("werkzeug")
    source = """
from werkzeug.debug import DebuggedApplication
def inner(environ, start_response):
    secret = 6 * 7
    raise ValueError("for the debugger")
application = DebuggedApplication(inner, evalex=True, pin_security=False)
"""
    server = wsgi(source, "--virtualenv", sys.prefix)
    page = server.get()
    assert page.status == 500
    frame = re.findall(r'id="frame-(\d+)"', page.text)[-1]
    secret = re.search(r'SECRET = "(\w+)"', page.text).group(1)
    host = {"Host": "127.0.0.1"}
    answer = server.get("/?__debugger__=yes&cmd=secret&frm=%s&s=%s" % (frame, secret), headers=host)
    assert "42" in answer.text


def test_a_stream_whose_client_is_gone_ends(wsgi):
    source = """
import os
def application(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] != "/stream":
        return [b"ok"]
    def stream():
        try:
            while True:
                yield b"x" * 65536
        finally:
            print("stream closed", flush=True)
    return stream()
"""
    server = wsgi(source)
    with server.connect() as sock:
        sock.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        sock.recv(1000)
    server.wait_for_log("stream closed")
    assert server.get().body == b"ok"
    assert "Traceback" not in server.log
