"""Requests that take too long: 504, a log that says where they stand, and nothing else lost."""

import os
import signal
import threading
import time

import pytest
from mortise import THREAD_SANITIZED, wait_until

APP = """
import os, time
def hang():
    time.sleep(60)
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/hang": hang()
    if path == "/spin":
        while True: pass
    if path == "/slow":
        open("slow", "w").close()
        time.sleep(2)
    if path == "/asks":
        import uwsgi
        uwsgi.set_user_harakiri(1)
        hang()
    if path == "/more":
        import uwsgi
        uwsgi.set_user_harakiri(30)
        time.sleep(1.5)
    if path == "/begun":
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"begun")
        hang()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"pid %d" % os.getpid()]
"""


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("path", ["/hang?x=1", "/spin"])
def test_a_request_that_hangs_is_answered_504_and_the_worker_is_replaced(mortise, front, threads, path):
    if THREAD_SANITIZED and path == "/spin":
        pytest.skip("ThreadSanitizer holds the signal back that the stack is taken by")
    server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "--harakiri", "1", "--threads", threads, files={"app.py": APP})
    first = server.get().body
    began = time.monotonic()
    assert server.get(path).status == 504
    assert 0.9 < time.monotonic() - began < 3
    server.wait_for_log(r"harakiri: worker 1 \(pid \d+\) core \d: GET %s from 127.0.0.1 has taken 1.\d+ s" % path.replace("?", r"\?"))
    server.wait_for_log(r"C stack:\n.*\n")
    server.wait_for_log('File ".*app.py", line \\d+ in (hang|application)')
    wait_until(lambda: server.get().body != first)


def test_other_requests_of_the_worker_are_finished_first(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--harakiri", "3", "--threads", "3", files={"app.py": APP})
    old = server.get().body
    hanging = threading.Thread(target=server.get, args=("/hang",))
    hanging.start()
    time.sleep(1.7)
    assert server.get("/slow").body == old  # it ends 0.7 s after the other one's time
    hanging.join()
    wait_until(lambda: server.get().body != old)


def test_what_was_begun_ends_at_the_limit(wsgi):
    server = wsgi(APP, "--harakiri", "1")
    with server.connect() as sock:
        sock.sendall(b"GET /begun HTTP/1.1\r\nHost: a\r\n\r\n")
        began = time.monotonic()
        data = b""
        while part := sock.recv(4096):
            data += part
    assert time.monotonic() - began < 4
    assert b"200 OK" in data and b"504" not in data and b"0\r\n\r\n" not in data


def test_a_request_may_ask_for_another_limit(wsgi):
    server = wsgi(APP, "--harakiri", "1", "--threads", "2")
    assert server.get("/more").status == 200
    assert "harakiri:" not in server.log
    server = wsgi(APP, "--harakiri", "30")
    began = time.monotonic()
    assert server.get("/asks").status == 504
    assert time.monotonic() - began < 10


def test_verbose_tells_of_all_threads(wsgi):
    server = wsgi(APP, "--harakiri", "1", "--harakiri-verbose", "--threads", "2")
    assert server.get("/hang").status == 504
    server.wait_for_log(r"thread \d+ \(core 1\) waits in \S+, system call \S+")


def test_the_master_kills_a_worker_that_cannot_act(wsgi):
    server = wsgi(APP, "--harakiri", "1")
    pid = int(server.get().text.split()[1])
    with server.connect() as sock:
        sock.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: "S" in open("/proc/%d/stat" % pid).read().split()[2])
        time.sleep(0.2)
        os.kill(pid, signal.SIGSTOP)
        server.wait_for_log(r"harakiri: worker 1 \(pid %d\) does not end by itself: killing it" % pid)
    wait_until(lambda: server.get().text != "pid %d" % pid)
