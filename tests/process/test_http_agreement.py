"""--http-socket and --http give each request the same answer, and the application sees the same of it on both."""

import http.client
import io
import re
import socket

import pytest

from http_cases import BODIES, CASES, FRAMING, HEADERS, NEXT, REQUEST_LINES
from http_wire import GATEWAY
from mortise import BUILD

REPORT = BUILD / "fixtures" / "http_report_plugin.so"
OPTIONS = ("--limit-post=100000", "--http-timeout=5", "--socket-timeout=5", "--http-headers-timeout=5")


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    """Where the same application answers: {way: (host, port)}."""
    from mortise import Mortise

    server = Mortise(
        tmp_path_factory.mktemp("agreement"), "--plugin", REPORT, "--http-socket", "127.0.0.1:0", "--http", "127.0.0.1:0",
        "--processes=1", "--threads=2", "--disable-logging", *OPTIONS,
    )
    try:
        server.wait_for_log(GATEWAY)
        yield {"socket": server.address(), "gateway": GATEWAY.search(server.log).groups()}
    finally:
        server.stop()


def exchange(address, pieces):
    with socket.create_connection(address, timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        try:
            for piece in pieces:
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while chunk := sock.recv(65536):
                answer += chunk
        except ConnectionResetError:
            answer += b"<reset>"
        return answer


class Answers(io.BytesIO):
    """A stream of answers, as a socket that http.client reads from."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


def parse(raw):
    """[(status, closes, body)]; interim answers are left out."""
    stream, found = Answers(raw), []
    while stream.tell() < len(raw):
        answer = http.client.HTTPResponse(stream)
        answer.begin()
        found.append((answer.status, answer.will_close, answer.read()))
    return found


def told(address, data, step=None):
    pieces = [data] if not step else [data[i : i + step] for i in range(0, len(data), step)]
    return parse(exchange(address, pieces))


def check(ways, data, statuses):
    seen = {way: told(address, data) for way, address in ways.items()}
    for way, answers in seen.items():
        assert tuple(status for status, _, _ in answers) == statuses, (way, answers)
        if statuses and statuses[-1] >= 400:
            assert answers[-1][1], "%s: the connection must end" % way
    assert seen["socket"] == seen["gateway"]
    assert NEXT[:9] not in b"".join(body for status, _, body in seen["socket"] if status == 200 and b"/next" not in body)


def named(cases):
    return pytest.mark.parametrize("data, statuses", [case[1:] for case in cases], ids=[re.sub(r"[^ -~]", "?", case[0])[:60] for case in cases])


@named(REQUEST_LINES)
def test_request_lines(ways, data, statuses):
    check(ways, data, statuses)


@named(HEADERS)
def test_headers(ways, data, statuses):
    check(ways, data, statuses)


@named(FRAMING)
def test_framing(ways, data, statuses):
    check(ways, data, statuses)


@named(BODIES)
def test_chunked_bodies(ways, data, statuses):
    check(ways, data, statuses)


def test_heads_of_every_size_around_the_limit_agree(ways):
    for size in [*range(64 * 1024 - 2200, 64 * 1024 + 100, 100), 65535, 65536]:
        for shape in (b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", b"GET /?%s HTTP/1.1\r\nHost: a\r\n\r\n"):
            data = shape % (b"y" * (size - len(shape) + 2))
            first, second = (told(address, data) for address in ways.values())
            assert [answer[0] for answer in first] == [answer[0] for answer in second], (size, shape, first[0][2][:80], second[0][2][:80])
    for count in range(20, 135):
        data = b"GET /%s HTTP/1.1\r\nHost: a\r\n" % (b"%41" * 3000) + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 490) for i in range(count)) + b"\r\n"
        first, second = (told(address, data) for address in ways.values())
        assert [answer[0] for answer in first] == [answer[0] for answer in second], (count, first[0][2][:80], second[0][2][:80])


def test_requests_in_pieces_have_the_same_answers(ways):
    for name, data, statuses in CASES:
        if len(data) > 1000:
            continue
        for way, address in ways.items():
            answers = told(address, data, step=7)
            # An answer may come before all of a bad body has: more than the refusal is never answered.
            assert tuple(status for status, _, _ in answers) == statuses, (way, name, answers)
