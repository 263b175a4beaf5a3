"""What clients of --http-socket do to hold, fill or confuse a worker: it serves the others, in little memory."""

import os
import pathlib
import resource
import socket
import struct
import time

import pytest

from http_wire import Wire, process_of, start_probe
from mortise import wait_until

APP = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]
"""


@pytest.fixture
def server(mortise):
    return start_probe(mortise, "--http-headers-timeout=2", threads=1)


def worker_of(server):
    return process_of(server, "worker 1")


def figure(pid, name):
    for line in pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def seconds_of(pid):
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reset(wire):
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.sock.close()


def answers(server):
    with Wire(server, "socket", timeout=5) as wire:
        wire.get("/")
        return wire.response().body == b"hello"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    ],
)
@pytest.mark.parametrize("ending", ["reset", "close", "half"])
def test_clients_that_leave_at_every_byte_leave_nothing(server, request_bytes, ending):
    assert answers(server)
    folder = "/proc/%d/fd" % worker_of(server)
    before = len(os.listdir(folder))
    for length in range(len(request_bytes)):
        wire = Wire(server, "socket")
        wire.send(request_bytes[:length])
        if ending == "reset":
            reset(wire)
        elif ending == "close":
            wire.sock.close()
        else:
            wire.sock.shutdown(socket.SHUT_WR)
            answer = wire.sock.recv(100)  # a refusal, or the end
            assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 200 "))  # /echo has begun
            wire.sock.close()
    assert answers(server)
    wait_until(lambda: len(os.listdir(folder)) <= before, what="the end of their connections")


@pytest.mark.parametrize(
    "line", [b"X-Large: " + b"x" * 70_000, b"A: b\r\n" * 10_000], ids=["one large header", "many small headers"]
)
def test_a_head_without_an_end_is_refused_and_fills_no_memory(server, line):
    assert answers(server)
    pid = worker_of(server)
    before = figure(pid, "Pss")
    sent = 0
    with Wire(server, "socket") as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        try:
            while sent < 100_000_000:
                wire.send(line)
                sent += len(line)
                if sent % 10_000_000 < len(line):
                    assert answers(server)
        except ConnectionError:
            pass  # nobody reads on for ever
    assert figure(pid, "Pss") - before < 4 << 20
    server.wait_for_log("answered 431")


def test_thousands_of_silent_connections_cost_little_and_delay_nobody(mortise):
    server = start_probe(mortise, "--http-headers-timeout=60", threads=1)
    assert answers(server)
    pid = worker_of(server)
    count = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 200)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    silent = []
    try:
        before = figure(pid, "Private_Dirty")
        for _ in range(count):
            silent.append(socket.create_connection(server.address()))
        silent[-1].send(b"G")
        began = time.monotonic()
        assert answers(server)
        assert time.monotonic() - began < 3
        wait_until(lambda: len(os.listdir("/proc/%d/fd" % pid)) > 1)
        assert (figure(pid, "Private_Dirty") - before) / count < 2048
    finally:
        for sock in silent:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert answers(server)


def test_slow_heads_byte_by_byte_are_cut_with_408(server):
    slow = {Wire(server, "socket") for _ in range(20)}
    for wire in slow:
        wire.send(b"GET /")
    end = time.monotonic() + 10
    while slow and time.monotonic() < end:
        for wire in list(slow):
            try:
                answer = wire.sock.recv(12, socket.MSG_DONTWAIT)
            except BlockingIOError:
                wire.send(b"a")
                continue
            assert answer == b"HTTP/1.1 408"
            wire.sock.close()
            slow.remove(wire)
        assert answers(server)
    assert not slow


def test_garbage_behind_a_request_is_refused_after_its_answer(server):
    with Wire(server, "socket") as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + bytes(range(256)) * 100)
        for _ in range(3):
            assert wire.response().body == b"hello"
        answer = wire.response()
        assert answer.status == 400 and answer.closes


def test_without_descriptors_the_worker_rests_says_so_once_and_serves_as_soon_as_there_is_one(wsgi):
    server = wsgi(APP, "--threads", "1")
    server.wait_for_log("loaded in")
    pid = worker_of(server)
    clients = [server.connect() for _ in range(80)]
    server.wait_for_log("accept: Too many open files")
    before, began = seconds_of(pid), time.monotonic()
    time.sleep(2)  # what it does without descriptors
    assert seconds_of(pid) - before <= 0.05 * (time.monotonic() - began) + 0.01
    assert server.log.count("accept: Too many open files") == 1
    last = clients[-1]
    last.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    for client in clients[:60]:
        client.close()
    began = time.monotonic()
    assert last.recv(100).startswith(b"HTTP/1.1 200 OK")
    assert time.monotonic() - began < 3
    for client in clients:
        client.close()
