"""Connections of HTTP clients, through --http-socket and through the gateway."""

import socket
import time

import pytest

from http_wire import WAYS, Wire, start_probe

pytestmark = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def server(mortise):
    return start_probe(mortise)


def test_a_connection_serves_one_request_after_another(server, way):
    with Wire(server, way) as wire:
        for _ in range(5):
            wire.get("/")
            answer = wire.response()
            assert (answer.status, answer.body) == (200, b"hello")
            assert answer.version == "HTTP/1.1"
            assert "connection" not in answer.headers
            assert "date" in answer.headers


def test_pipelined_requests_are_answered_in_order(server, way):
    with Wire(server, way) as wire:
        wire.send(b"GET /sleep?50 HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                  b"GET /pieces HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert [wire.response().body for _ in range(4)] == [b"awake", b"abc", b"piece piece piece ", b"hello"]
        assert wire.at_end()


def test_hundreds_of_pipelined_requests_are_all_answered(server, way):
    with Wire(server, way) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        assert all(wire.response().body == b"hello" for _ in range(500))


def test_a_head_that_comes_byte_by_byte_is_served(server, way):
    with Wire(server, way) as wire:
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /worker HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n":
            wire.send(bytes([byte]))
        assert wire.response().body == b"1"


def test_connection_close_is_obeyed(server, way):
    with Wire(server, way) as wire:
        wire.get("/", headers="Connection: close\r\n")
        assert wire.response().closes
        assert wire.at_end()


def test_an_answer_is_not_lost_because_more_requests_come_behind_the_last_one(server, way):
    with Wire(server, way) as wire:
        address = wire.sock.getpeername()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.settimeout(10)
        sock.connect(address)
        ask = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"
        sock.sendall(ask % (b"/large?60000", b"Connection: close\r\n") + ask % (b"/", b""))
        server.wait_for_log(r"GET /large\?60000")
        sock.sendall(ask % (b"/", b""))  # a connection that is closed by now is reset by this
        answer = b""
        while data := sock.recv(65536):
            answer += data
        assert answer.count(b"x") >= 60_000 and answer.endswith(b"0\r\n\r\n")


def test_http_1_0_closes_unless_asked_to_stay(server, way):
    with Wire(server, way) as wire:
        wire.get("/", version="1.0")
        assert wire.response().closes
        assert wire.at_end()
    with Wire(server, way) as wire:
        for _ in range(3):
            wire.get("/", version="1.0", headers="Connection: keep-alive\r\n")
            answer = wire.response()
            assert answer.body == b"hello"
            assert answer.headers["connection"] == "keep-alive"


def test_http_1_0_is_never_sent_chunks(server, way):
    with Wire(server, way) as wire:
        wire.get("/pieces", version="1.0", headers="Connection: keep-alive\r\n")
        answer = wire.response()
        assert "transfer-encoding" not in answer.headers
        assert answer.body == b"piece piece piece "


def test_a_client_that_ends_its_side_still_gets_its_answer(server, way):
    with Wire(server, way) as wire:
        wire.get("/sleep?100")
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.response().body == b"awake"
        assert wire.at_end()


def test_an_idle_connection_is_closed_after_http_keepalive(mortise, way):
    server = start_probe(mortise, "--http-keepalive=2")
    with Wire(server, way) as wire:
        wire.get("/")
        wire.response()
        began = time.monotonic()
        assert wire.at_end()
        assert 1 < time.monotonic() - began < 5


def test_keepalive_can_be_switched_off(mortise, way):
    server = start_probe(mortise, "--http-keepalive=0")
    with Wire(server, way) as wire:
        wire.get("/")
        assert wire.response().closes
        assert wire.at_end()


def test_idle_clients_hold_no_core(server, way):
    idle = [Wire(server, way) for _ in range(100)]
    for wire in idle[:50]:
        wire.get("/")
        wire.response()
    with Wire(server, way) as wire:
        began = time.monotonic()
        wire.get("/")
        assert wire.response().body == b"hello"
        assert time.monotonic() - began < 3
    for wire in idle:
        wire.sock.close()


def test_an_upgraded_connection_is_passed_through(server, way):
    with Wire(server, way) as wire:
        wire.get("/upgrade", headers="Connection: Upgrade\r\nUpgrade: capitals\r\n")
        answer = wire.head()
        assert answer.status == 101
        assert answer.headers["upgrade"] == "capitals"
        for word in (b"one", b"two" * 1000):
            wire.send(word)
            assert wire._bytes(len(word)) == word.upper()
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.at_end()


def test_bytes_sent_with_the_upgrade_are_not_lost(server, way):
    with Wire(server, way) as wire:
        wire.send(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: capitals\r\n\r\nearly")
        assert wire.head().status == 101
        assert wire._bytes(5) == b"EARLY"


def test_a_client_that_ended_its_side_before_the_upgrade_is_served(server, way):
    with Wire(server, way) as wire:
        wire.send(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: capitals\r\n\r\nlast")
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.head().status == 101
        assert wire.rest() == b"LAST"
