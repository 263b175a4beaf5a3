"""WebSockets: handshake, frames, closing, on the workers' own socket and through the gateway."""

import base64
import hashlib
import os
import struct
import time

import pytest

from mortise import wait_until

ECHO = """
import uwsgi

def application(environ, start_response):
    if environ["PATH_INFO"] == "/plain":
        start_response("200 OK", [])
        return [b"plain"]
    uwsgi.websocket_handshake(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), environ.get("HTTP_ORIGIN", ""))
    try:
        while True:
            message = uwsgi.websocket_recv()
            if environ["PATH_INFO"] == "/binary":
                uwsgi.websocket_send_binary(message)
            else:
                uwsgi.websocket_send(message)
    except OSError as error:
        print("ended: %s" % error, flush=True)
    return []
"""
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Client:
    def __init__(self, server, path="/", headers="", key="dGhlIHNhbXBsZSBub25jZQ==", version="13"):
        self.sock = server.connect("http")
        self.sock.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: %s\r\n%s\r\n" % (path, key, version, headers)).encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            data = self.sock.recv(65536)
            assert data, self.buffer
            self.buffer += data
        self.head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)

    def send(self, opcode, payload=b"", fin=True, mask=True, rsv=0):
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if len(payload) < 126:
            head += bytes([bit | len(payload)])
        elif len(payload) < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
        if mask:
            key = os.urandom(4)
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
            head += key
        self.sock.sendall(head + payload)

    def take(self, count):
        while len(self.buffer) < count:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def receive(self):
        """(opcode, payload) of the next frame, which must be whole and unmasked; (None, code) at the end."""
        try:
            first, second = self.take(2)
        except (EOFError, ConnectionResetError):
            return None, None
        assert first & 0xF0 == 0x80 and not second & 0x80
        size = second
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 0xF, self.take(size)

    def close_code(self):
        opcode, payload = self.receive()
        assert opcode == CLOSE, (opcode, payload)
        return struct.unpack(">H", payload[:2])[0] if payload else None


@pytest.fixture(params=["--http-socket", "--http"])
def echo(request, mortise):
    def start(*args):
        return mortise(request.param, "127.0.0.1:0", "--wsgi-file", "app.py", "--threads", "4", *args, files={"app.py": ECHO})

    return start


def test_the_handshake_proves_itself(echo):
    server = echo()
    client = Client(server, headers="Sec-WebSocket-Protocol: chat, other\r\n")
    head = client.head.decode().lower()
    assert head.startswith("http/1.1 101 ")
    expected = base64.b64encode(hashlib.sha1(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    assert "sec-websocket-accept: " + expected.lower() in head
    assert "upgrade: websocket" in head and "connection: upgrade" in head and "sec-websocket-protocol: chat\r\n" in head + "\r\n"
    assert "transfer-encoding" not in head and "content-length" not in head


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 1000000])
def test_messages_of_all_sizes_come_back(echo, size):
    client = Client(echo())
    client.send(TEXT, b"x" * size)
    assert client.receive() == (TEXT, b"x" * size)


def test_binary_messages_fragments_and_pings_between_them(echo):
    client = Client(echo(), "/binary")
    client.send(BINARY, bytes(range(256)))
    assert client.receive() == (BINARY, bytes(range(256)))
    client.send(TEXT, b"one ", fin=False)
    client.send(PING, b"are you there")
    client.send(0, b"two ", fin=False)
    client.send(0, b"three")
    assert client.receive() == (PONG, b"are you there")
    assert client.receive() == (BINARY, b"one two three")
    client.send(PONG, b"nobody asked")
    client.send(TEXT, "ünïcödé".encode())
    assert client.receive() == (BINARY, "ünïcödé".encode())


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_a_close_is_answered_with_its_code(echo, code):
    server = echo()
    client = Client(server)
    client.send(CLOSE, struct.pack(">H", code) + b"bye")
    assert client.close_code() == code
    assert client.receive() == (None, None)
    server.wait_for_log("ended: ")


def frames(*sent):
    def send(client):
        for opcode, payload, options in sent:
            client.send(opcode, payload, **options)

    return send


@pytest.mark.parametrize("what, send, code", [
    ("no mask", frames((TEXT, b"x", {"mask": False})), 1002),
    ("reserved bits", frames((TEXT, b"x", {"rsv": 4})), 1002),
    ("reserved opcode", frames((3, b"x", {})), 1002),
    ("long ping", frames((PING, b"x" * 126, {})), 1002),
    ("fragmented ping", frames((PING, b"x", {"fin": False})), 1002),
    ("continuation of nothing", frames((0, b"x", {})), 1002),
    ("new message inside another", frames((TEXT, b"x", {"fin": False}), (TEXT, b"y", {})), 1002),
    ("no UTF-8", frames((TEXT, b"\xc3\x28", {})), 1007),
    ("half UTF-8", frames((TEXT, b"\xe2\x82", {})), 1007),
    ("no UTF-8 across fragments", frames((TEXT, b"\xe2", {"fin": False}), (0, b"(", {})), 1007),
    ("too long", frames((TEXT, b"x" * 1048577, {})), 1009),
    ("too long in fragments", frames(*[(TEXT if n == 0 else 0, b"x" * 200000, {"fin": False}) for n in range(6)]), 1009),
    ("close code 1005", frames((CLOSE, struct.pack(">H", 1005), {})), 1002),
    ("close of one byte", frames((CLOSE, b"x", {})), None),
    ("close reason no UTF-8", frames((CLOSE, struct.pack(">H", 1000) + b"\xff", {})), 1007),
])
def test_what_breaks_the_protocol_is_closed_with_the_reason(wsgi, what, send, code):
    server = wsgi(ECHO)
    client = Client(server)
    try:
        send(client)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert client.close_code() == code, what
    server.wait_for_log("ended: ")
    assert server.get("/plain").body == b"plain"


def test_a_message_may_be_as_long_as_configured(wsgi):
    server = wsgi(ECHO, "--websocket-max-size", "10")
    client = Client(server)
    client.send(TEXT, b"x" * 10240)
    assert client.receive() == (TEXT, b"x" * 10240)
    client.send(TEXT, b"x" * 10241)
    assert client.close_code() == 1009


def test_a_client_that_vanishes_ends_the_request(echo):
    server = echo()
    client = Client(server)
    client.sock.close()
    server.wait_for_log("ended: ")


def test_a_request_that_asks_for_no_websocket_is_told_so(wsgi):
    server = wsgi(ECHO)
    assert server.get("/").status == 500
    server.wait_for_log(r"websocket of / refused: the request asks for none \(no Sec-WebSocket-Key\)")
    other = Client(server, version="8")
    assert b" 426 " in other.head and b"Sec-WebSocket-Version: 13" in other.head
    server.wait_for_log("it is not of version 13")


def test_pings_are_sent_and_a_client_that_does_not_answer_is_closed(wsgi):
    server = wsgi(ECHO, "--websockets-ping-freq", "1", "--websockets-pong-tolerance", "1", "--threads", "2")
    good, dead = Client(server), Client(server)
    for _ in range(2):
        assert good.receive() == (PING, b"")
        good.send(PONG)
    assert dead.receive() == (PING, b"")
    assert dead.close_code() == 1002
    server.wait_for_log(r"no answer to a ping within 1 s \(closed\)")
    good.send(TEXT, b"still here")
    assert (TEXT, b"still here") in (good.receive(), good.receive())


def test_open_websockets_are_closed_when_the_server_stops(echo):
    server = echo()
    client = Client(server)
    client.send(TEXT, b"x")
    assert client.receive() == (TEXT, b"x")
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 5
    assert client.close_code() == 1001


def test_not_waiting_says_that_nothing_is_there(wsgi):
    source = ECHO.replace("message = uwsgi.websocket_recv()", "message = uwsgi.websocket_recv_nb() or b'nothing'").replace(
        "uwsgi.websocket_send(message)", "uwsgi.websocket_send(message); import time; time.sleep(0.05)")
    client = Client(wsgi(source))
    assert client.receive() == (TEXT, b"nothing")
    client.send(TEXT, b"something")
    wait_until(lambda: client.receive() == (TEXT, b"something"))


def test_the_package_websocket_client_is_served(echo):
    websocket = pytest.importorskip("websocket")
    server = echo()
    connection = websocket.create_connection("ws://%s:%d/" % server.address(), timeout=5)
    connection.send("hello")
    assert connection.recv() == "hello"
    connection.close()
