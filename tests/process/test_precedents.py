"""What went wrong in servers of this kind before: each test is named for the behaviour, and the report stands beside it."""

import os
import socket
import struct
import time

import pytest

from http_wire import WAYS, Wire, start_probe
from mortise import BUILD, children
from test_http_gateway import UwsgiServer

REPORT = BUILD / "fixtures" / "http_report_plugin.so"
both_ways = pytest.mark.parametrize("way", WAYS)
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def server(mortise):
    return start_probe(mortise)


def statuses(server, way, request):
    """Of all answers to bytes that are sent at once, until the connection ends."""
    with Wire(server, way) as wire:
        wire.send(request)
        wire.sock.shutdown(socket.SHUT_WR)
        found = []
        while True:
            try:
                found.append(wire.response().status)
            except EOFError:
                return found


# CVE-2018-7490: uWSGI's document roots could be left by ..%2f
@pytest.mark.parametrize("path", ["/..%2fsecret", "/%2e%2e/secret", "/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd", "/a/..%2f..%2fsecret", "/..%5csecret", "/%2fetc/passwd"])
def test_a_document_root_cannot_be_left_by_escaped_slashes(mortise, tmp_path, path):
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    served = start_probe(mortise, "--check-static-docroot", "--check-static=%s" % (tmp_path / "root"), "--http-var=DOCUMENT_ROOT=%s" % (tmp_path / "root"))
    for way in WAYS:
        with Wire(served, way) as wire:
            wire.get(path)
            assert wire.response().body == b"hello"


# CVE-2018-6758: a path longer than uWSGI's buffer overflowed its stack
@pytest.mark.parametrize("root, path", [("/" + "d/" * 4000, "/x"), ("/tmp", "/" + "e/" * 4000), ("/" + "f" * 5000, "/" + "g" * 5000), ("", ""), ("/", "/")])
def test_a_path_longer_than_any_is_no_file(mortise, root, path):
    served = mortise("--plugin", REPORT, "--socket=127.0.0.1:0", "--check-static-docroot", "--static-index=i")
    for _ in range(3):
        answer = served.uwsgi_request({"DOCUMENT_ROOT": root, "PATH_INFO": path, "REQUEST_URI": path})
        assert answer.startswith(b"HTTP/1.1 200 ") and b"DOCUMENT_ROOT=" in answer


# CVE-2020-11984: Apache's sender of the uwsgi protocol wrote a size that did not fit into its 16 bits
def test_a_packet_that_would_be_larger_than_its_size_field_is_never_sent(mortise):
    upstream = UwsgiServer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    served = start_probe(mortise, "--http-to", upstream.address, "--buffer-size=65535")
    for lines in ("X: %s\r\n" % ("y" * 65000), "".join("X-%d: %s\r\n" % (i, "y" * 600) for i in range(107)), "X-Y: z\r\n" * 20 + "Z: %s\r\n" % ("y" * 64900)):
        with Wire(served) as wire:
            wire.get("/" + "%41" * 100, headers=lines)
            assert wire.response().status == 431
    assert not upstream.variables
    with Wire(served) as wire:
        wire.get("/", headers="X: %s\r\n" % ("y" * 60000))
        assert wire.response().status == 200
    assert len(upstream.variables["HTTP_X"]) == 60000


# CVE-2023-27522: Apache passed on what an application server put into its header lines
@pytest.mark.parametrize(
    "head",
    [b"X: a\rY: b\r\n", b"X: a\nY: b\r\n", b"X: a\0b\r\n", b"X : a\r\n", b"X\r\n", b" X: a\r\n", b"X: a\r\n b\r\n", b": a\r\n", b"X: \x01\r\n",
     b"Content-Length: 1, 1\r\n", b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", b"Transfer-Encoding: x\r\n"],
)
def test_a_response_head_that_clients_could_read_differently_is_502(mortise, head):
    upstream = UwsgiServer(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nx")
    served = start_probe(mortise, "--http-to", upstream.address)
    with Wire(served) as wire:
        wire.get("/")
        answer = wire.response()
        assert (answer.status, "x" in answer.headers) == (502, False)


# gunicorn CVE-2024-1135 and CVE-2024-6827, waitress CVE-2019-16786: a coding that was not known was ignored for Content-Length
@both_ways
@pytest.mark.parametrize(
    "coding", ["xchunked", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked\r\nTransfer-Encoding: x", "x\r\nTransfer-Encoding: chunked", "chunked, gzip", "\x0bchunked", "", ","]
)
def test_a_coding_that_is_not_known_is_never_ignored(server, way, coding):
    for length in ("", "Content-Length: 6\r\n"):
        request = "POST / HTTP/1.1\r\nHost: a\r\n%sTransfer-Encoding: %s\r\n\r\n0\r\n\r\nG%s" % (length, coding, SMUGGLED)
        assert statuses(server, way, request) in ([400], [501])


# waitress CVE-2019-16785: a bare LF ended a line
@both_ways
@pytest.mark.parametrize(
    "head", ["GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n"]
)
def test_a_bare_line_feed_ends_no_line(server, way, head):
    assert statuses(server, way, head + SMUGGLED) == [400]


# waitress CVE-2022-24761: numbers were read as Python's int() does, and chunk extensions not at all
@both_ways
@pytest.mark.parametrize("length", ["+5", "-5", "0x5", "0o5", "5_0", " 5 5", "\u0665", "5.", "5h", ""])
def test_numbers_are_digits_and_nothing_else(server, way, length):
    body = "5\r\nhello\r\n0\r\n\r\n" + SMUGGLED
    raw = length.encode()
    assert statuses(server, way, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:" + raw + b"\r\n\r\n" + body.encode()) == [400]
    assert statuses(server, way, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + raw + b"\r\nhello\r\n0\r\n\r\n" + SMUGGLED.encode()) == [400]


@both_ways
@pytest.mark.parametrize("extension", [";\n", ";a\n", ";\r", ";a\rb\r\n", ";a=\"\n\"\r\n", ";\x00\r\n", ";a b\r\n", ";=b\r\n"])
def test_a_malformed_chunk_extension_is_refused(server, way, extension):
    request = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5%s\r\nhello\r\n0\r\n\r\n" % extension
    assert statuses(server, way, request + SMUGGLED) == [400]


# waitress CVE-2024-49768: a request behind a refused one was served, where the first filled the receive buffer
@both_ways
@pytest.mark.parametrize("size", [1024, 4096, 8192, 16384, 32768, 65536])
def test_nothing_behind_a_refused_request_is_served_wherever_the_buffer_ends(server, way, size):
    bad = "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\nBad Name: x\r\n\r\n"
    for fill in range(size - 2, size + 3):
        request = bad % ("y" * (fill - len(bad) + 2)) if size < 65536 else "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n" + "z" * fill
        with Wire(server, way) as wire:
            wire.send(request)
            try:
                wire.send(SMUGGLED)
            except OSError:
                pass  # it has closed already
            assert wire.response().status in (400, 431)
            try:
                assert b"HTTP/" not in wire.rest()
            except OSError:
                pass


# waitress CVE-2024-49769: clients that left at once kept a loop busy, or its descriptors open
@both_ways
def test_clients_that_leave_at_once_cost_nothing_later(server, way):
    def figures():
        pids = children(server.process.pid)
        ticks = sum(sum(map(int, open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[11:13])) for pid in pids)
        return ticks, sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in pids)

    with Wire(server, way) as wire:
        wire.get("/")
        assert wire.response().status == 200
    opened = figures()[1]
    for _ in range(300):
        wire = Wire(server, way)
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        wire.sock.close()
    with Wire(server, way) as wire:
        wire.get("/")
        assert wire.response().status == 200
    deadline = time.monotonic() + 10
    while figures()[1] > opened + 3:
        assert time.monotonic() < deadline, "descriptors stay open"
        time.sleep(0.02)
    before, began = figures()[0], time.monotonic()
    time.sleep(0.5)  # what is measured
    assert figures()[0] - before <= 20 * (time.monotonic() - began), "the server is busy although nobody is there"


# Puma CVE-2024-45614: X_Forwarded_For stood for X-Forwarded-For
@both_ways
def test_a_header_with_an_underscore_never_stands_for_one_with_a_dash(server, way):
    for lines in ("X_Forwarded-For: evil\r\nX-Forwarded-For: good\r\n", "X-Forwarded-For: good\r\nX-Forwarded_For: evil\r\n", "X_FORWARDED_FOR: evil\r\n", "Content_Length: 5\r\nTransfer_Encoding: chunked\r\n"):
        with Wire(server, way) as wire:
            wire.get("/vars", headers=lines)
            body = wire.response().body
            assert b"evil" not in body and b"TRANSFER_ENCODING" not in body and b"CONTENT_LENGTH" not in body
            assert (b"HTTP_X_FORWARDED_FOR=good" in body) == ("good" in lines)
