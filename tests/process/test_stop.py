"""How a server ends when something in it does not."""

import signal
import time

import pytest

from mortise import THREAD_SANITIZED, Mortise, runs, wait_until, write

HANGS = """
def application(environ, start_response):
    open("at_work", "w").close()
    while True: pass
"""


def test_a_client_that_only_connected_keeps_no_stop_waiting(wsgi):
    server = wsgi("def application(environ, start_response): pass\n")
    server.wait_for_log("loaded in")
    with server.connect():
        began = time.monotonic()
        server.stop()
    assert time.monotonic() - began < 3


def test_an_application_that_hangs_while_it_loads_keeps_no_stop_waiting(tmp_path):
    write(tmp_path, "app.py", "open('loading', 'w').close()\nwhile True: pass\n")
    server = Mortise(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py")
    wait_until((tmp_path / "loading").exists)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 3


@pytest.mark.skipif(THREAD_SANITIZED, reason="ThreadSanitizer holds the signal back that ends the worker")
def test_a_request_that_hangs_does_not_outlive_a_master_that_was_killed(tmp_path):
    write(tmp_path, "app.py", HANGS)
    server = Mortise(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--worker-reload-mercy", "1")
    try:
        worker = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1))
        with server.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_until((tmp_path / "at_work").exists)
            server.signal(signal.SIGKILL)
            server.process.wait()
            wait_until(lambda: not runs(worker), what="the end of the worker")
    finally:
        server.kill()
