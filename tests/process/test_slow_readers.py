"""Clients of --http-socket that read slowly or never: they hold no core, get every byte, and are given up in time."""

import hashlib
import os
import pathlib
import re
import resource
import signal
import socket
import threading
import time

import pytest

from http_wire import Wire, start_probe
from mortise import children, read_all, wait_until

SIZE = 12_000_000  # more than the buffers of a socket on loopback

# What comes is SIZE bytes that are no two blocks alike, by each of the ways in which an application can send them.
APP = """
import hashlib, os, pathlib, tempfile

SIZE = %d
BLOCKS = [hashlib.sha256(b"%%d" %% n).digest() * 2048 for n in range(SIZE // 65536 + 1)]
WHOLE = b"".join(BLOCKS)[:SIZE]
FILE = tempfile.NamedTemporaryFile()
FILE.write(WHOLE)
FILE.flush()

def slices():
    for begin in range(0, SIZE, 65536):
        yield WHOLE[begin:begin + 65536]

def waits_in_the_middle():
    yield WHOLE
    while not os.path.exists("go-on"):
        yield b""
    yield b"end"

def endless():
    for number in range(1 << 20):
        pathlib.Path("produced.new").write_text(str(number))
        os.rename("produced.new", "produced")
        yield BLOCKS[0]

def application(environ, start_response):
    path = environ["PATH_INFO"]
    headers = [("Content-Length", str(SIZE))]
    if path == "/digest":
        start_response("200 OK", [])
        return [hashlib.sha256(WHOLE).hexdigest().encode()]
    if path == "/whole":
        start_response("200 OK", headers)
        return [WHOLE]
    if path == "/chunked":
        start_response("200 OK", [])
        return slices()
    if path == "/file":
        start_response("200 OK", headers)
        return environ["wsgi.file_wrapper"](open(FILE.name, "rb"))
    if path == "/raises":
        start_response("200 OK", [])
        return (1 / 0 if part is None else part for part in [WHOLE, None])
    if path == "/middle":
        start_response("200 OK", [])
        return waits_in_the_middle()
    if path == "/endless":
        start_response("200 OK", [])
        return endless()
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]
""" % SIZE


def start(wsgi, *args, **kwargs):
    return wsgi(APP, "--threads", "1", "--socket-timeout", "120", "--static-map", "/static=.", *args, **kwargs)


def ask_for(server, path, count=1, timeout=30):
    """Clients that have asked and read nothing."""
    wires = [Wire(server, "socket", timeout) for _ in range(count)]
    for wire in wires:
        wire.get(path)
    return wires


def digest_of(server):
    return server.get("/digest").text


def worker_folder(server):
    return pathlib.Path("/proc", str(children(server.process.pid)[0]))


def open_descriptors(server):
    return len(os.listdir(worker_folder(server) / "fd"))


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("path", ["/whole", "/chunked", "/file"])
def test_clients_that_do_not_read_hold_no_core_and_get_every_byte_later(wsgi, path, threads):
    server = start(wsgi, "--threads", threads)
    expected = digest_of(server)
    wires = ask_for(server, path, 16)
    for _ in range(20):
        assert server.get("/", timeout=5).body == b"hello"
    for wire in wires:
        body = wire.response().body
        assert len(body) == SIZE and hashlib.sha256(body).hexdigest() == expected
        wire.get("/")  # the connection goes on
        assert wire.response().body == b"hello"
        wire.sock.close()


def test_a_plugin_in_c_is_not_held_either(mortise):
    server = start_probe(mortise, "--socket-timeout", "120", threads=1)
    wires = []
    for _ in range(16):
        wires.append(Wire(server, "socket", 30))
        wires[-1].get("/large?%d" % SIZE)
    assert server.get("/", timeout=5).body == b"hello"
    for wire in wires:
        assert len(wire.response().body) == SIZE
        wire.sock.close()


@pytest.mark.parametrize("leaves", [False, True])
def test_who_waits_until_all_is_sent_waits_no_longer_than_its_client(mortise, leaves):
    server = start_probe(mortise, "--socket-timeout", "120", threads=1)
    with Wire(server, "socket", 30) as wire:
        wire.get("/wait-sent?%d" % SIZE)
        server.wait_for_log("waits until all is sent")
        if not leaves:
            assert len(wire.response().body) == SIZE
    assert server.get("/", timeout=5).body == b"hello"


def test_what_was_pipelined_is_answered_when_the_first_answer_has_left(wsgi):
    server = start(wsgi)
    with Wire(server, "socket", 30) as wire:
        request = "GET %s HTTP/1.1\r\nHost: test\r\n\r\n"
        wire.send(request % "/chunked" + request % "/file" + request % "/" + "GET / HT")
        assert server.get("/", timeout=5).body == b"hello"
        for size in (SIZE, SIZE, 5):
            assert len(wire.response().body) == size
        wire.send("TP/1.1\r\nHost: test\r\n\r\n")
        assert wire.response().body == b"hello"


def test_a_connection_that_ends_with_the_answer_ends_after_all_of_it(wsgi):
    server = start(wsgi)
    with Wire(server, "socket", 30) as wire:
        wire.get("/chunked", version="1.0")
        assert server.get("/", timeout=5).body == b"hello"
        head, _, body = read_all(wire.sock).partition(b"\r\n\r\n")
        assert b"Connection: close" in head and hashlib.sha256(body).hexdigest() == digest_of(server)


def test_what_was_sent_goes_on_its_way_while_the_application_is_at_work(wsgi):
    server = start(wsgi)
    with Wire(server, "socket", 30) as wire:
        wire.get("/middle", version="1.0")
        while b"\r\n\r\n" not in wire.buffer:
            wire._more()
        received = len(wire.buffer.partition(b"\r\n\r\n")[2])
        while received < SIZE:  # PEP 3333: no block is delayed until the next one
            received += len(wire.sock.recv(1 << 20))
        (server.folder / "go-on").touch()
        assert read_all(wire.sock) == b"end"


def test_a_body_that_was_cut_short_shows_as_such(wsgi):
    server = start(wsgi)
    with Wire(server, "socket", 30) as wire:
        wire.get("/raises")
        server.wait_for_log("ZeroDivisionError")
        answer = read_all(wire.sock)
        assert not answer.endswith(b"0\r\n\r\n")


def test_a_stop_waits_until_the_clients_have_read(wsgi):
    server = start(wsgi)
    wires = ask_for(server, "/whole", 2)
    assert server.get("/", timeout=5).body == b"hello"
    server.signal(signal.SIGTERM)
    wait_until(lambda: refused(server), what="the listener's end")
    for wire in wires:
        assert len(wire.response().body) == SIZE
        wire.sock.close()
    server.stop()


def refused(server):
    try:
        with server.connect(timeout=1) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return sock.recv(1) == b""
    except OSError:
        return True


def test_a_client_that_never_reads_is_given_up_after_socket_timeout(wsgi):
    server = start(wsgi, "--socket-timeout", "1")
    assert server.get("/").body == b"hello"
    before = open_descriptors(server)
    wires = ask_for(server, "/whole", 3) + ask_for(server, "/file", 3)
    assert server.get("/", timeout=5).body == b"hello"
    few = before + 4  # the flusher's own
    wait_until(lambda: open_descriptors(server) <= few, 10, "the end of their connections")
    for wire in wires:
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                wire._more()
        wire.sock.close()


def test_a_client_that_reads_a_little_all_the_time_is_not_given_up(wsgi):
    server = start(wsgi, "--socket-timeout", "1")
    wire, = ask_for(server, "/whole")
    received, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        received += len(wire.sock.recv(200_000))
        time.sleep(0.05)
    rest = len(read_rest(wire, SIZE - received))
    assert received + rest > SIZE
    wire.sock.close()


def read_rest(wire, at_least):
    data = b""
    while len(data) <= at_least:
        chunk = wire.sock.recv(1 << 20)
        if not chunk:
            break
        data += chunk
    return data


def test_clients_that_leave_in_the_middle_leave_nothing_behind(wsgi):
    server = start(wsgi)
    assert server.get("/").body == b"hello"
    before = open_descriptors(server)
    for path in ("/whole", "/chunked", "/file"):
        for wire in ask_for(server, path, 5):
            wire.sock.recv(1)
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            wire.sock.close()
    assert server.get("/").body == b"hello"
    wait_until(lambda: open_descriptors(server) <= before + 4, 10, "the end of their connections")


def test_beyond_the_bound_an_endless_answer_waits_for_its_client(wsgi):
    server = start(wsgi, "--response-buffering", "1")
    wire, = ask_for(server, "/endless")
    produced = server.folder / "produced"
    wait_until(produced.exists)

    def rests():
        before = produced.read_text()
        time.sleep(0.5)
        return before and before == produced.read_text()

    wait_until(rests, what="the application's rest")
    stood_at = int(produced.read_text())
    assert stood_at < 400  # a megabyte on top of the buffers of the sockets
    received = 0
    while received < 40_000_000:
        received += len(wire.sock.recv(1 << 20))
    assert int(produced.read_text()) > stood_at
    wire.sock.close()


def test_without_buffering_the_core_waits(wsgi):
    server = start(wsgi, "--response-buffering", "0")
    wire, = ask_for(server, "/whole")
    with pytest.raises(TimeoutError):
        server.get("/", timeout=1)
    assert len(wire.response().body) == SIZE
    wire.sock.close()
    assert server.get("/").body == b"hello"


def test_where_the_disk_takes_nothing_the_core_waits(wsgi):
    server = start(wsgi, env={"TMPDIR": "/nonexistent"})
    expected = digest_of(server)
    wire, = ask_for(server, "/whole")
    assert hashlib.sha256(wire.response().body).hexdigest() == expected
    wire.sock.close()


def test_the_thread_takes_no_signals(wsgi):
    server = start(wsgi)
    assert server.get("/").body == b"hello"
    wires = ask_for(server, "/whole")

    def blocked():
        for task in (worker_folder(server) / "task").iterdir():
            if (task / "comm").read_text() == "flusher\n":
                return int(re.search(r"SigBlk:\s*(\w+)", (task / "status").read_text())[1], 16)

    wait_until(blocked)
    for signum in (signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM, signal.SIGRTMIN, signal.SIGRTMAX):
        assert blocked() >> (signum - 1) & 1
    for wire in wires:
        wire.sock.close()


def test_a_thread_that_could_not_be_started_is_started_later(wsgi):
    server = start(wsgi)
    wire = Wire(server, "socket", 30)
    wire.get("/")
    assert wire.response().body == b"hello"
    worker, (_, hard) = int(worker_folder(server).name), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (open_descriptors(server), hard))
    wire.get("/whole")  # there is no descriptor for the thread's epoll: the core waits
    server.wait_for_log("start the thread that serves slow clients: Too many open files")
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (hard, hard))
    assert len(wire.response().body) == SIZE
    retry = time.monotonic() + 1.1
    while time.monotonic() < retry:
        assert server.get("/").body == b"hello"
    wires = ask_for(server, "/whole", 3)
    assert server.get("/", timeout=5).body == b"hello"
    assert server.log.count("start the thread that serves slow clients") == 1
    for wire in wires:
        wire.sock.close()


def test_the_worker_keeps_its_name(wsgi):
    server = start(wsgi)
    assert server.get("/").body == b"hello"
    worker = worker_folder(server)
    before = (worker / "cmdline").read_bytes()
    wires = ask_for(server, "/whole")
    wait_until(lambda: any((task / "comm").read_text() == "flusher\n" for task in (worker / "task").iterdir()))
    assert (worker / "cmdline").read_bytes() == before
    for wire in wires:
        wire.sock.close()


def test_a_file_that_becomes_shorter_ends_the_connection(wsgi):
    server = start(wsgi)
    path = server.folder / "large.bin"
    path.write_bytes(b"x" * SIZE)
    wire, = ask_for(server, "/static/large.bin")
    assert server.get("/", timeout=5).body == b"hello"
    os.truncate(path, 1000)
    assert len(read_all(wire.sock)) < SIZE
    wire.sock.close()


def test_many_slow_clients_at_once_under_load(wsgi):
    server = start(wsgi, "--threads", "4")
    expected = digest_of(server)
    failures = []

    def client(path):
        try:
            for _ in range(3):
                with Wire(server, "socket", 60) as wire:
                    wire.get(path)
                    assert hashlib.sha256(wire.response().body).hexdigest() == expected
        except Exception as failure:
            failures.append(repr(failure))

    threads = [threading.Thread(target=client, args=(path,)) for path in ("/whole", "/chunked", "/file") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
