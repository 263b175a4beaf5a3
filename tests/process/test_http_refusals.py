"""What is refused: each time an answer, a log line, and the end of the connection."""

import time

import pytest

from http_wire import WAYS, Wire, start_probe

pytestmark = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def server(mortise):
    return start_probe(mortise, "--http-headers-timeout=1")


@pytest.mark.parametrize(
    "request_bytes, status",
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: miracles\r\n\r\n", 417),
        (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1000 + b"\r\n", 431),
    ],
)
def test_a_refused_request_is_answered_and_logged(server, way, request_bytes, status):
    with Wire(server, way) as wire:
        wire.send(request_bytes)
        answer = wire.response()
        assert answer.status == status
        assert answer.closes
        assert answer.body.endswith(b"\n")
        assert wire.at_end()
    server.wait_for_log(r"request from 127.0.0.1 refused: .* \(answered %d\)" % status)


@pytest.mark.parametrize(
    "lines, body, status",
    [
        (b"Host: a b", b"", 400),
        (b"Host: a\r\nTransfer-Encoding: chunked", b"z\r\n", 400),
        (b"Host: a\r\nContent-Length: 101", b"", 413),
        (b"Host: a\r\nContent-Length: 1\r\nExpect: miracles", b"", 417),
        (b"Host: a\r\n" + b"X: y\r\n" * 1000 + b"Y: y", b"", 431),
    ],
    ids=["host", "chunk", "length", "expectation", "headers"],
)
def test_the_refusal_of_head_has_no_body(mortise, way, lines, body, status):
    server = start_probe(mortise, "--limit-post=100")
    with Wire(server, way) as wire:
        wire.send(b"HEAD / HTTP/1.1\r\n" + lines + b"\r\n\r\n" + body)
        answer = wire.head()
        assert answer.status == status and answer.closes
        assert wire.at_end()


def test_a_body_of_head_that_stops_coming_is_refused_without_a_body(mortise, way):
    server = start_probe(mortise, "--socket-timeout=1", "--http-timeout=1")
    with Wire(server, way) as wire:
        wire.send(b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx")
        assert wire.head().status == 408
        assert wire.at_end()


def test_an_escaped_target_may_be_as_long_as_its_variables_have_room_for(mortise, way):
    server = start_probe(mortise, "--buffer-size", 4096)
    for length, status in (850, 200), (950, 414):  # REQUEST_URI has three bytes for each, PATH_INFO one
        with Wire(server, way) as wire:
            wire.send(b"GET /" + b"%D0" * length + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert wire.response().status == status


@pytest.mark.parametrize("buffer_size, target", [(65536, 32_600), (65536, 40_000), (4096, 2_500), (4096, 5_000), (4096, 40_000)])
def test_a_target_that_is_too_long_for_the_variables_is_refused_as_such(mortise, way, buffer_size, target):
    server = start_probe(mortise, "--buffer-size", buffer_size)
    with Wire(server, way) as wire:
        wire.send(b"GET /" + b"a" * target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.response().status == 414


def test_nothing_is_served_behind_a_refused_request(server, way):
    with Wire(server, way) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nBAD\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.response().status == 200
        assert wire.response().status == 400
        assert wire.at_end()


def test_a_slow_head_is_answered_with_408(server, way):
    with Wire(server, way) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHo")
        began = time.monotonic()
        answer = wire.response()
        assert answer.status == 408
        assert answer.closes
        assert 0.9 < time.monotonic() - began < 3


def test_slow_clients_do_not_hinder_others(server, way):
    slow = [Wire(server, way) for _ in range(50)]
    for wire in slow:
        wire.send(b"GET / HT")
    with Wire(server, way) as wire:
        wire.get("/")
        assert wire.response().status == 200
    for wire in slow:
        assert wire.response().status == 408
        wire.sock.close()


def test_a_connection_that_says_nothing_is_closed(server, way):
    with Wire(server, way) as wire:
        assert wire.at_end()


def test_repeated_refusals_do_not_flood_the_log(server, way):
    for _ in range(100):
        with Wire(server, way) as wire:
            wire.send(b"BAD\r\n\r\n")
            assert wire.response().status == 400
    assert server.log.count("refused:") <= 40
