"""Bodies that the application does not read: the connection goes on behind them, and no other client is hurt."""

import socket
import threading
import time

import pytest

from http_wire import WAYS, Wire, start_probe

both_ways = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def server(mortise):
    return start_probe(mortise, threads=1)


def begin_post(wire, fields, body):
    """Asks for /unread, which is answered without a look at the body, and reads the answer."""
    wire.send(b"POST /unread HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" % fields.encode() + body)
    answer = wire.response()
    assert answer.body == b"no" and not answer.closes


BODIES = [
    ("Content-Length: 200000", b"", b"x" * 200_000),
    ("Content-Length: 200000", b"x", b"x" * 199_999),
    ("Content-Length: 3000000", b"x" * 70_000, b"x" * 2_930_000),
    ("Transfer-Encoding: chunked", b"", b"3\r\nabc\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked", b"3\r\nabc\r\n", b"4\r\ndefg\r\n0\r\nX: y\r\n\r\n"),
    ("Transfer-Encoding: chunked", b"186a0;a=b\r\n" + b"x" * 99_998, b"xx\r\n" + b"2\r\nab\r\n0\r\n\r\n"),
    ("Content-Length: 10\r\nExpect: 100-continue", b"0", b"123456789"),
]


@both_ways
@pytest.mark.parametrize("fields, early, late", BODIES, ids=["none", "a-byte", "large", "no-chunk", "a-chunk", "half-a-chunk", "expectation"])
def test_a_body_that_comes_after_its_answer_is_passed_over(server, way, fields, early, late):
    with Wire(server, way) as wire, Wire(server, way) as other:
        for _ in range(2):
            begin_post(wire, fields, early)
            other.get("/")  # there is one core, and it is free
            assert other.response().body == b"hello"
            wire.send(late + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert wire.response().body == b"hello"


@both_ways
def test_the_rest_of_a_body_may_come_byte_by_byte(server, way):
    with Wire(server, way) as wire:
        begin_post(wire, "Transfer-Encoding: chunked", b"3")
        for byte in b"\r\nabc\r\n1;e=\"f\"\r\nx\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n":
            wire.send(bytes([byte]))
        assert wire.response().body == b"hello"


@both_ways
@pytest.mark.parametrize("late", [b"zz\r\n", b"3\r\nabcd\r\n", b"0\r\nHost: b\r\n\r\n", b"0\r\ncontent-LENGTH: 1\r\n\r\n"])
def test_a_rest_that_is_malformed_ends_the_connection(server, way, late):
    with Wire(server, way) as wire:
        begin_post(wire, "Transfer-Encoding: chunked", b"3\r\nabc\r\n")
        wire.send(late + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.at_end()


def test_a_rest_that_stops_coming_is_waited_for_as_long_as_socket_timeout(mortise):
    server = start_probe(mortise, "--socket-timeout", "1", threads=1)
    with Wire(server, "socket") as wire:
        begin_post(wire, "Content-Length: 200000", b"x")
        assert wire.at_end()


def test_a_chunked_rest_larger_than_limit_post_ends_the_connection(mortise):
    server = start_probe(mortise, "--limit-post", "100000", threads=1)
    with Wire(server, "socket") as wire:
        begin_post(wire, "Transfer-Encoding: chunked", b"3\r\nabc\r\n")
        wire.send(b"186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.at_end()


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("sends", [False, True])
def test_a_stop_waits_for_no_rest(mortise, threads, sends):
    server = start_probe(mortise, threads=threads)
    with Wire(server, "socket") as wire:
        begin_post(wire, "Content-Length: 100000000", b"x")
        began = time.monotonic()
        server.process.terminate()
        if sends:
            with pytest.raises(OSError):
                while True:
                    wire.send(b"x")
                    time.sleep(0.01)
        assert server.process.wait(20) == 0
    assert time.monotonic() - began < 10 and "killing it" not in server.log


def test_a_stop_in_the_middle_of_a_request_waits_for_no_rest(mortise):
    server = start_probe(mortise, "--http-headers-timeout", "0", threads=4)
    with Wire(server, "socket") as wire:
        wire.send("POST /sleep?200 HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nx")
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(20) == 0
        assert wire.response().status == 200
    assert time.monotonic() - began < 10 and "killing it" not in server.log


@pytest.mark.parametrize("threads", [1, 4])
def test_a_large_answer_and_a_body_that_was_not_read(mortise, threads):
    server = start_probe(mortise, threads=threads)
    with Wire(server, "socket", 30) as wire:
        wire.send("POST /large?10000000 HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\nx")
        for _ in range(20):
            with Wire(server, "socket") as other:
                other.get("/")
                assert other.response().body == b"hello"
        wire.send(b"x" * 199_999 + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(wire.response().body) == 10_000_000
        assert wire.response().body == b"hello"


# What was read beyond the end of a chunked body is the next requests'; with a smaller buffer it did not fit into their input.
@both_ways
@pytest.mark.parametrize("size", [2048, 4096, 16384, 32768, 49152, 65536])
@pytest.mark.parametrize("path", ["/count", "/unread"])
def test_requests_behind_a_chunked_body_are_all_served(mortise, way, size, path):
    server = start_probe(mortise, "--buffer-size", size, threads=1)
    with Wire(server, way) as wire:
        for _ in range(3):
            wire.send("POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n" % path)
            if path == "/unread":
                assert wire.response().body == b"no"
            wire.send(b"x\r\n0\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2_000)
            if path == "/count":
                assert wire.response().body == b"1"
            for _ in range(2_000):
                assert wire.response().body == b"hello"


def test_a_body_that_was_not_read_costs_no_other_client_its_answer(mortise):
    server = start_probe(mortise, threads=4)
    stop, failures = threading.Event(), []

    def post_for_ever():
        try:
            with Wire(server, "gateway", 30) as wire:
                while not stop.is_set():
                    wire.post("/unread", b"x" * 200_000)
                    assert wire.response().status == 403
        except (AssertionError, EOFError, OSError) as error:
            failures.append(repr(error))

    posting = [threading.Thread(target=post_for_ever) for _ in range(4)]
    for thread in posting:
        thread.start()
    with Wire(server, "gateway", 30) as wire:
        for _ in range(500):
            wire.get("/")
            if wire.response().status != 200:
                failures.append("a request of another client")
                break
    stop.set()
    for thread in posting:
        thread.join()
    assert not failures and "ended without an answer" not in server.log
