"""A worker and the one that takes its place: they share a number and its memory, and neither disturbs the other."""

import os
import signal

from mortise import read_all, wait_until, write

APP = """
import os, time
def application(environ, start_response):
    if environ["PATH_INFO"] == "/wait":
        open("at_work", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"pid %d" % os.getpid()]
"""
# What a process allocates after this lies elsewhere than in one without it.
BALLAST = "import ctypes\nmalloc = ctypes.CDLL(None).malloc\nfor i in range(200000): malloc(16 + i % 64)\n"
PIPELINE = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_worker_that_has_a_successor_still_serves_with_its_own_application(wsgi):
    server = wsgi(APP)
    old = server.get().body
    with server.connect() as sock:
        sock.sendall(PIPELINE)
        wait_until((server.folder / "at_work").exists)
        write(server.folder, "app.py", BALLAST + APP)
        os.kill(int(old.split()[1]), signal.SIGTERM)
        server.wait_for_log(r"worker 1 \(pid \d+\) replaces")
        assert server.get().body != old
        write(server.folder, "go", "")
        answers = read_all(sock)
    assert answers.count(b"HTTP/1.1 200 OK") == answers.count(old) == 2


def test_a_worker_does_not_take_the_application_of_its_dead_predecessor_for_its_own(wsgi):
    server = wsgi(BALLAST + APP, "--no-need-app")
    old = int(server.get().text.split()[1])
    write(server.folder, "app.py", "import does_not_exist_anywhere\n")
    os.kill(old, signal.SIGKILL)
    server.wait_for_log("No module named 'does_not_exist_anywhere'")
    assert server.get().status == 500
    assert "died: signal 11" not in server.log
