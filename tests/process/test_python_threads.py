"""Threads: what runs in parallel, when the interpreter lock is given away, and that nothing is lost."""

import threading
import time

import pytest

from mortise import wait_until


def in_parallel(count, function):
    """Calls function(i) in so many threads at once; the results, and the seconds it took."""
    results = [None] * count
    gate = threading.Barrier(count + 1)

    def run(i):
        gate.wait()
        results[i] = function(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.monotonic()
    for thread in threads:
        thread.join()
    return results, time.monotonic() - started


def test_requests_that_wait_do_so_at_the_same_time(wsgi):
    source = """
import threading
together = threading.Barrier(8)
def application(environ, start_response):
    together.wait(10)
    start_response("200 OK", [])
    return [b"all eight"]
"""
    server = wsgi(source, "--threads", "8")
    answers, _ = in_parallel(8, lambda i: server.get().body)
    assert answers == [b"all eight"] * 8


def test_code_that_drops_the_lock_blocks_nobody(wsgi):
    source = """
import ctypes, threading
usleep = ctypes.CDLL(None).usleep
inside = []
def application(environ, start_response):
    inside.append(1)
    usleep(500000)
    most = len(inside)
    start_response("200 OK", [])
    return [b"%d" % most]
"""
    server = wsgi(source, "--threads", "6")
    answers, _ = in_parallel(6, lambda i: server.get().body)
    assert b"6" in answers


def test_a_slow_client_does_not_hold_the_interpreter(wsgi):
    source = """
def application(environ, start_response):
    data = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"x" * 20000000 if environ["PATH_INFO"] == "/large" else data]
"""
    server = wsgi(source, "--threads", "2")
    with server.connect() as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        for _ in range(10):
            assert server.get().status == 200
        slow.sendall(b"def")
        received = b""
        while b"abcdef" not in received:
            received += slow.recv(4096)
    with server.connect() as slow:
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        slow.recv(1)
        for _ in range(10):
            assert server.get().status == 200


def test_threads_of_the_application_run_while_no_request_does(wsgi):
    source = """
import threading, time
count = 0
def tick():
    global count
    while True:
        time.sleep(0.01)
        count += 1
threading.Thread(target=tick, daemon=True).start()
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"%d" % count]
"""
    server = wsgi(source)
    first = int(server.get().body)
    wait_until(lambda: int(server.get().body) > first + 20)


def test_each_core_is_a_thread_that_python_knows_by_name(wsgi):
    source = """
import threading
together = threading.Barrier(3)
def application(environ, start_response):
    together.wait(10)
    start_response("200 OK", [])
    return [threading.current_thread().name.encode()]
"""
    server = wsgi(source, "--threads", "3")
    names, _ = in_parallel(3, lambda i: server.get().text)
    assert sorted(names) == ["MainThread", "uWSGIWorker1Core1", "uWSGIWorker1Core2"]


def test_thread_locals_belong_to_the_core(wsgi):
    source = """
import threading
together = threading.Barrier(4)
own = threading.local()
def application(environ, start_response):
    own.count = getattr(own, "count", 0) + 1
    together.wait(10)
    start_response("200 OK", [])
    return [b"%d" % own.count]
"""
    server = wsgi(source, "--threads", "4")
    for expected in (b"1", b"2", b"3"):
        answers, _ = in_parallel(4, lambda i: server.get().body)
        assert answers == [expected] * 4


def test_with_a_lock_no_update_of_a_global_is_lost(wsgi):
    source = """
import threading
COUNT = 1
lock = threading.Lock()
def application(environ, start_response):
    global COUNT
    with lock:
        COUNT -= 1
        COUNT += 1
        COUNT *= 2
        value = COUNT
    start_response("200 OK", [])
    return [b"%d" % value]
"""
    server = wsgi(source, "--threads", "8")
    answers, _ = in_parallel(50, lambda i: int(server.get().body))
    assert max(answers) == 2**50


def test_a_thread_of_the_application_may_read_the_body(wsgi):
    source = """
import threading
def application(environ, start_response):
    got = []
    reader = threading.Thread(target=lambda: got.append(environ["wsgi.input"].read()))
    reader.start()
    reader.join(10)
    start_response("200 OK", [])
    return got
"""
    server = wsgi(source, "--threads", "2")
    with server.connect() as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        assert server.request("POST", body=b"quick").body == b"quick"
        slow.sendall(b"def")
        received = b""
        while b"abcdef" not in received:
            received += slow.recv(4096)


MEMORY = """
import gc, io, sys

class Closing:
    def __init__(self, items):
        self.items = iter(items)
    def __iter__(self):
        return self.items
    def close(self):
        pass

def kind(environ, start_response, path):
    if path == "/list":
        return [b"a", b"b"]
    if path == "/generator":
        return (b"%d" % i for i in range(5))
    if path == "/closing":
        return Closing([b"x"])
    if path == "/input":
        return [environ["wsgi.input"].read(), environ["wsgi.input"].readline()]
    if path == "/file":
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    if path == "/memory":
        return environ["wsgi.file_wrapper"](io.BytesIO(b"m"))
    if path == "/raise":
        raise ValueError("meant")
    if path == "/str":
        return ["str"]
    if path == "/kept":
        global kept
        kept = (environ, start_response, environ["wsgi.input"])
        return []
    if path == "/errors":
        environ["wsgi.errors"].write("line\\n")
    return []

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/blocks":
        gc.collect()
        start_response("200 OK", [])
        return [b"%d" % sys.getallocatedblocks()]
    start_response("200 OK", [("X-A", "b")])
    if path == "/badheader":
        start_response("200 OK", [("X-A", "\\n")], (None, None, None))
    if path == "/write":
        start_response("200 OK", [("X-C", "d")], ())(b"written")
    return kind(environ, start_response, path)
"""


@pytest.mark.parametrize(
    "path",
    ["/list", "/generator", "/closing", "/input", "/file", "/memory", "/raise", "/str", "/kept", "/errors", "/badheader", "/write", "/names"],
)
def test_no_request_leaves_memory_behind(wsgi, path):
    server = wsgi(MEMORY)

    def blocks():
        return int(server.get("/blocks").body)

    def load(count, start):
        for i in range(start, start + count):
            extra = {"X-Invented-%d" % i: str(i)} if path == "/names" else {}
            server.request("POST", "/list" if path == "/names" else path, b"ab\ncd\n", headers=extra)

    # CPython's own caches fill for a while; what is lost with each request never ends.
    before = blocks()
    for i in range(20):
        load(200, i * 200)
        after = blocks()
        if after - before < 20:
            return
        before = after
    raise AssertionError("%d blocks more after 200 requests" % (after - before))
