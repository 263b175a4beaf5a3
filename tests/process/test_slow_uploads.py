"""Clients that send a small body slowly: no core waits for them, neither behind --http-socket nor behind the gateway."""

import signal
import socket

import pytest

from http_wire import GATEWAY, WAYS, Wire

APP = """
import uwsgi

def application(environ, start_response):
    try:
        body = environ["wsgi.input"].read()
    except OSError as error:
        body = b"no body: " + type(error).__name__.encode()
    start_response("200 OK", [("X-Worker", str(uwsgi.worker_id()))])
    return [body or b"hello"]
"""


def start(mortise, *args):
    """One worker with one core, on both ways in."""
    server = mortise(
        "--http-socket", "127.0.0.1:0", "--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--threads", 1, "--processes", 1, *args, files={"app.py": APP}
    )
    server.wait_for_log(GATEWAY)
    return server


def begin(server, way, length=10, more=b"abc"):
    wire = Wire(server, way)
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (length, more))
    return wire


def is_answered(server, way):
    with Wire(server, way) as other:
        other.get()
        return other.response().body == b"hello"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("length", [10, 15_000])
def test_others_are_answered_while_a_body_comes_slowly(mortise, way, length):
    server = start(mortise)
    slow = [begin(server, way, length) for _ in range(5)]
    assert is_answered(server, way)
    for wire in slow:
        wire.send(b"d" * (length - 4))
    assert is_answered(server, way)
    for wire in slow:
        wire.send(b"e")
        assert wire.response().body == b"abc" + b"d" * (length - 4) + b"e"
        wire.get()  # and the connection goes on
        assert wire.response().body == b"hello"


@pytest.mark.parametrize("way", WAYS)
def test_what_follows_a_slow_body_is_the_next_request(mortise, way):
    with begin(start(mortise), way) as wire:
        wire.send(b"defghijGET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
        assert [wire.response().body for _ in range(2)] == [b"abcdefghij", b"hello"]
        wire.send(b"y")
        assert wire.response().body == b"xy"


def test_a_packet_of_the_uwsgi_protocol_too(mortise):
    server = mortise("--socket", "127.0.0.1:0", "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--threads", 1, files={"app.py": APP})
    host, port = server.wait_for_log(r"listening on uwsgi://([\d.]+):(\d+)").groups()
    variables = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "CONTENT_LENGTH": "4", "SERVER_PROTOCOL": "HTTP/1.1"}
    block = b"".join(len(text).to_bytes(2, "little") + text.encode() for pair in variables.items() for text in pair)
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(b"\0" + len(block).to_bytes(2, "little") + b"\0" + block + b"ab")
        assert is_answered(server, "socket")
        slow.sendall(b"cd")
        assert slow.makefile("rb").read().endswith(b"abcd")


def test_a_body_that_stops_coming_is_given_up(mortise):
    server = start(mortise, "--socket-timeout", "1")
    with begin(server, "socket") as wire:
        answer = wire.response()
        assert answer.status == 408 and answer.closes
    server.wait_for_log("a request body that stopped coming")


def test_the_gateway_gives_it_up_too(mortise):
    server = start(mortise, "--http-timeout", "1")
    with begin(server, "gateway") as wire:
        assert wire.response().status == 408
    server.wait_for_log("no request body within --http-timeout")


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_ends_in_its_body_is_the_applications_business(mortise, way):
    with begin(start(mortise), way) as wire:
        wire.sock.shutdown(socket.SHUT_WR)
        answer = wire.response()
        assert answer.body.startswith(b"no body: ") and answer.closes


@pytest.mark.parametrize("way", WAYS)
def test_it_does_not_get_lost_in_a_reload(mortise, way):
    server = start(mortise)
    with begin(server, way) as wire:
        assert is_answered(server, way)  # so that the beginning was read
        server.signal(signal.SIGHUP)
        server.wait_for_log("reload done")
        wire.send(b"defghij")
        assert wire.response().body == b"abcdefghij"


def test_too_large_a_body_is_refused_before_it_comes(mortise):
    with begin(start(mortise, "--limit-post", "5"), "socket") as wire:
        assert wire.response().status == 413
