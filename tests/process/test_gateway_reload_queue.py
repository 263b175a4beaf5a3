"""Requests that wait in the gateway when the server is reloaded: the next generation's workers serve them."""

import os
import re
import signal
import threading
import time

import pytest

from mortise import wait_until, write

HTTP = ("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--master-fifo", "fifo")
# /wait: until the file `go` is there. Its first request says so.
APP = """
import os, time
%s
def application(environ, start_response):
    if environ["PATH_INFO"] == "/wait":
        open("begun", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%s"]
"""


class Clients:
    """Requests that are all under way at once, from a server that has heard of each of them."""

    def __init__(self, server, paths):
        self.answers = []
        self.threads = [threading.Thread(target=self.ask, args=(server, path)) for path in paths]
        self.begun = threading.Barrier(len(paths) + 1)
        for thread in self.threads:
            thread.start()
        self.begun.wait(10)

    def ask(self, server, path):
        with server.connect(timeout=30) as sock:
            sock.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path.encode())
            self.begun.wait(10)
            answer = b""
            try:
                while chunk := sock.recv(4096):
                    answer += chunk
            except OSError as error:
                answer += repr(error).encode()
            self.answers.append((answer[9:12].decode(), answer.rpartition(b"\r\n")[2].decode().strip()))

    def all(self):
        for thread in self.threads:
            thread.join(30)
        return sorted(self.answers)


def fifo(server, command):
    with open(server.folder / "fifo", "w") as pipe:
        pipe.write(command)


def app(version, before=""):
    return APP % (before, version)


def gateways_clients(server, count):
    """Waits until the gateway has taken so many connections."""

    def established():
        port = server.address()[1]
        lines = [line.split() for line in open("/proc/net/tcp").read().splitlines()[1:]]
        # An established one has an inode once it was accepted.
        return sum(line[1].endswith(":%04X" % port) and line[3] == "01" and line[9] != "0" for line in lines) >= count

    wait_until(established, what="%d connections" % count)


def test_what_waits_behind_a_slow_request_is_served_by_the_next_generation(mortise):
    server = mortise(*HTTP, "-p", 1, "--worker-reload-mercy", 20, "--reload-mercy", 20, files={"app.py": app("old")})
    slow = Clients(server, ["/wait"])
    wait_until((server.folder / "begun").exists)
    waiting = Clients(server, ["/"] * 11)
    gateways_clients(server, 12)
    write(server.folder, "app.py", app("new"))
    server.signal(signal.SIGHUP)
    assert waiting.all() == [("200", "new")] * 11  # while the old worker is at its request
    write(server.folder, "go", "")
    assert slow.all() == [("200", "old")]
    server.wait_for_log(r"old worker 1 \(pid \d+\) stopped")
    assert "killing it" not in server.log


@pytest.mark.parametrize("rest", ["p", "--"], ids=["paused", "without workers"])
def test_what_waits_for_workers_that_rest_is_served_by_the_next_generation(mortise, rest):
    server = mortise(*HTTP, "-p", 1 + (rest == "--"), "--reload-mercy", 20, "--worker-reload-mercy", 20, files={"app.py": app("old")})
    assert server.get().text == "old"
    fifo(server, rest)
    server.wait_for_log("paused: new connections wait" if rest == "p" else r"worker \d \(pid \d+\) stopped", count=len(rest))
    waiting = Clients(server, ["/"] * 4)
    gateways_clients(server, 4)
    write(server.folder, "app.py", app("new"))
    fifo(server, "r")
    assert waiting.all() == [("200", "new")] * 4
    assert "killing it" not in server.log


def test_what_waits_for_a_worker_that_is_being_respawned_is_served_by_the_next_generation(mortise):
    server = mortise(*HTTP, "-p", 1, "--reload-mercy", 20, "--worker-reload-mercy", 2, files={"app.py": app("old")})
    worker = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1))
    assert server.get().text == "old"
    write(server.folder, "app.py", app("never", "open('loading', 'w').close()\ntime.sleep(600)"))
    os.kill(worker, signal.SIGKILL)
    wait_until((server.folder / "loading").exists)
    waiting = Clients(server, ["/"] * 4)
    gateways_clients(server, 4)
    write(server.folder, "app.py", app("new"))
    server.signal(signal.SIGHUP)
    assert waiting.all() == [("200", "new")] * 4


def test_who_has_no_answer_when_the_mercy_is_over_gets_one_and_the_log_says_why(mortise):
    server = mortise(*HTTP, "-p", 1, "--reload-mercy", 2, "--worker-reload-mercy", 4, files={"app.py": app("old")})
    slow = Clients(server, ["/wait"])
    wait_until((server.folder / "begun").exists)
    waiting = Clients(server, ["/"] * 4)
    gateways_clients(server, 5)
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    said = "the server stops, and no answer came from the application within --reload-mercy"
    # Two requests for the cores of two generations, and two that have not left the gateway.
    never_sent = "the server stops, and no worker was free within --reload-mercy"
    assert slow.all() + waiting.all() == [("504", said)] + [("503", never_sent)] * 2 + [("504", said)] * 2
    assert time.monotonic() - began < 2
    assert server.log.count("no answer within --reload-mercy, and the server stops (answered 504)") == 3
    write(server.folder, "go", "")
    server.process.wait(15)
    assert not re.search(r"http \(pid \d+\) still runs", server.log)
