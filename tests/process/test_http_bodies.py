"""Bodies of requests and responses, through --http-socket and through the gateway."""

import os
import socket
import threading

import pytest

from http_wire import WAYS, Wire, assert_grows_at_most, process_of, rss_kib, start_probe

pytestmark = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def server(mortise):
    return start_probe(mortise)


def send_in_background(wire, pieces):
    def work():
        try:
            for piece in pieces:
                wire.send(piece)
        except OSError:
            pass

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_body_with_a_length_is_read(server, way):
    with Wire(server, way) as wire:
        for size in (0, 1, 100, 70_000, 1_000_000):
            body = os.urandom(size)
            sender = send_in_background(wire, [b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size, body])
            assert wire.response().body == body
            sender.join()


def test_a_chunked_body_is_decoded(server, way):
    with Wire(server, way) as wire:
        for _ in range(2):
            wire.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: dropped\r\n\r\n")
            assert wire.response().body == b"abcdefg"


def test_trailers_are_never_variables(server, way):
    with Wire(server, way) as wire:
        wire.send(b"POST /vars HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Forged: yes\r\nContent-Type: forged/yes\r\n\r\n")
        body = wire.response().body
        assert b"HTTP_HOST=x" in body and b"FORGED" not in body and b"forged" not in body


def test_chunks_that_come_byte_by_byte_are_decoded(server, way):
    with Wire(server, way) as wire:
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.send(b"POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in b"a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n":
            wire.send(bytes([byte]))
        assert wire.response().body == b"11"


def test_a_request_behind_a_chunked_body_is_the_next_one(server, way):
    with Wire(server, way) as wire:
        chunked = b"POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
        wire.send(chunked + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + chunked)
        assert [wire.response().body for _ in range(3)] == [b"5", b"hello", b"5"]


@pytest.mark.parametrize("path", [b"/count", b"/unread"])
def test_a_malformed_chunk_ends_the_connection(server, way, path):
    with Wire(server, way) as wire:
        wire.send(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc")
        answer = wire.response()
        assert answer.status == 400
        assert answer.closes
        assert wire.at_end()


def test_a_chunk_that_turns_out_malformed_later_is_answered_with_400(server, way):
    with Wire(server, way) as wire:
        wire.send(b"POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        wire.send(b"zz\r\n")
        answer = wire.response()
        assert answer.status == 400
        assert answer.closes
        assert wire.at_end()


def test_a_response_without_a_length_is_chunked(server, way):
    with Wire(server, way) as wire:
        wire.get("/pieces")
        answer = wire.response()
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.body == b"piece piece piece "
        assert answer.chunks == 3
        wire.get("/")
        assert wire.response().body == b"hello"


def test_a_response_without_a_body_is_framed(server, way):
    with Wire(server, way) as wire:
        wire.get("/empty")
        assert wire.response().headers["content-length"] == "0"
        for status in (204, 304):
            wire.get("/%d" % status)
            answer = wire.response()
            assert answer.status == status
            assert "transfer-encoding" not in answer.headers
        wire.get("/")
        assert wire.response().body == b"hello"


def test_the_answer_to_head_has_no_body(server, way):
    with Wire(server, way) as wire:
        for path in ("/", "/pieces", "/empty"):
            wire.get(path, method="HEAD")
            assert wire.response("HEAD").status == 200
        wire.get("/")
        assert wire.response().body == b"hello"


def test_100_continue_is_sent_when_the_application_reads(server, way):
    with Wire(server, way) as wire:
        for _ in range(2):
            wire.get("/count", method="POST", headers="Content-Length: 3\r\nExpect: 100-continue\r\n")
            assert wire.head().status == 100
            wire.send(b"abc")
            assert wire.response().body == b"3"


def test_an_empty_list_expects_nothing(server, way):
    with Wire(server, way) as wire:
        wire.send(b"POST /count HTTP/1.1\r\nHost: x\r\nExpect: ,\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(TimeoutError):
            wire.sock.settimeout(0.2)
            wire.head()
        wire.sock.settimeout(10)
        wire.send(b"0\r\n\r\n")
        assert wire.response().status == 200


def test_no_100_continue_for_an_application_that_does_not_read(server, way):
    with Wire(server, way) as wire:
        wire.get("/unread", method="POST", headers="Content-Length: 3\r\nExpect: 100-continue\r\n")
        answer = wire.response()
        assert answer.status == 403
        assert answer.closes
        assert wire.at_end()


def test_a_client_that_does_not_wait_for_the_100_is_served(server, way):
    with Wire(server, way) as wire:
        wire.post("/count", b"abc", "Expect: 100-continue\r\n")
        answer = wire.response()
        if answer.status == 100:
            answer = wire.response()
        assert answer.body == b"3"
        wire.get("/")
        assert wire.response().body == b"hello"


@pytest.mark.parametrize("size", [1000, 200_000, 5_000_000])
def test_an_answer_arrives_although_the_application_does_not_read_the_body(server, way, size):
    for _ in range(5):
        with Wire(server, way) as wire:
            sender = send_in_background(wire, [b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size, b"x" * size])
            assert wire.response().status == 403
            sender.join()


def test_a_body_that_is_cut_short_is_an_error(server, way):
    with Wire(server, way) as wire:
        wire.get("/count", method="POST", headers="Content-Length: 10\r\n")
        wire.send(b"abc")
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.response().status == 400


@pytest.mark.parametrize("body", [b"Content-Length: 10\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"])
def test_a_body_that_ends_early_is_the_fault_of_who_needs_it(mortise, way, body):
    """The same verdict both ways, whether a worker is free at once or not."""
    server = start_probe(mortise, threads=1)
    for busy in (False, True):
        with Wire(server, way) as other:
            if busy:
                other.get("/sleep?200")
            for path, status in (("/count", 400), ("/unread", 403)) * (1 if busy else 5):
                with Wire(server, way) as wire:
                    wire.send(b"POST %s HTTP/1.1\r\nHost: x\r\n" % path.encode() + body)
                    wire.sock.shutdown(socket.SHUT_WR)
                    assert wire.response().status == status
                    assert wire.at_end()


def test_a_pipelined_body_that_ends_early_is_known_at_once(server, way):
    with Wire(server, way, timeout=5) as wire:
        wire.send(b"GET /sleep?200 HTTP/1.1\r\nHost: x\r\n\r\nPOST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        wire.sock.shutdown(socket.SHUT_WR)
        assert [wire.response().status for _ in range(2)] == [200, 400]
        assert wire.at_end()


def test_a_large_upload_needs_little_memory(server, way):
    size = 100 * 1024 * 1024
    block = b"x" * (1024 * 1024)
    pids = [process_of(server, "http"), process_of(server, "worker 1")]
    with Wire(server, way, timeout=60) as wire:
        wire.post("/count", block)
        wire.response()
        before = [rss_kib(pid) for pid in pids]
        wire.send(b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(block)):
            wire.send(block)
        assert wire.response().body == b"%d" % size
        assert_grows_at_most(4096, pids, before)


def test_a_large_download_waits_for_a_slow_client_without_filling_memory(server, way):
    size = 100 * 1024 * 1024
    pids = [process_of(server, "http"), process_of(server, "worker 1")]
    with Wire(server, way, timeout=60) as wire:
        wire.get("/large?1000000")
        assert len(wire.response().body) == 1_000_000
        before = [rss_kib(pid) for pid in pids]
        wire.get("/large?%d" % size, version="1.0")
        assert wire.head().status == 200
        received = len(wire.buffer)
        while True:
            data = wire.sock.recv(1024 * 1024)
            if not data:
                break
            received += len(data)
        assert received == size
        assert_grows_at_most(4096, pids, before)


def test_a_body_larger_than_limit_post_is_refused_without_reading_it(mortise, way):
    server = start_probe(mortise, "--limit-post=1000")
    with Wire(server, way) as wire:
        sender = send_in_background(wire, [b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n", b"x" * 50000000])
        answer = wire.response()
        assert answer.status == 413
        assert answer.closes
    sender.join()


def test_limit_post_may_be_larger_than_two_gigabytes(mortise, way):
    server = start_probe(mortise, "--limit-post=5000000000")
    for length, status in (5_000_000_000, 403), (5_000_000_001, 413):
        with Wire(server, way) as wire:
            wire.send(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
            assert wire.response().status == status
