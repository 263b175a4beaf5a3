"""Bodies that change on their way out: framing stays right for every kind of client."""

import gzip
import socket

import pytest

from http_wire import PROBE
from mortise import read_all, wait_until


@pytest.fixture
def server_with(mortise):
    def start(*lines, args=(), files=None):
        ini = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nplugin = %s\n%s\n" % (PROBE, "\n".join(lines))
        return mortise("--ini", "app.ini", *args, files={"app.ini": ini, **(files or {})})

    return start


def raw(server, text):
    with server.connect() as sock:
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def test_a_streaming_step_changes_each_piece(server_with):
    server = server_with("route-run = toupper:")
    assert server.get("/").text == "HELLO"
    assert server.get("/pieces").text == "PIECE PIECE PIECE "


def test_without_a_step_nothing_changes(server_with):
    server = server_with("route = ^/up toupper:")
    assert server.get("/").headers["content-length"] == "5"


def test_framing_for_each_kind_of_client(server_with):
    server = server_with("route-run = toupper:")
    answer = raw(server, b"GET / HTTP/1.0\r\n\r\n")
    assert b"Content-Length" not in answer and b"chunked" not in answer and answer.endswith(b"\r\n\r\nHELLO")
    answer = raw(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"Transfer-Encoding: chunked") == answer.count(b"5\r\nHELLO\r\n0\r\n\r\n") == 2
    assert b"Content-Length" not in answer
    answer = raw(server, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /304 HTTP/1.1\r\nHost: x\r\n\r\nGET /204 HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 4 and answer.count(b"Content-Length: 0\r\n") == 1
    assert b"HELLO" not in answer and b"\r\n0\r\n" not in answer


def test_a_step_that_needs_all_of_the_body_gets_the_length_right(server_with):
    server = server_with("route = ^/(.*) template:", "route-run = addheader:X-A: 1")
    answer = server.get("/pieces")
    assert (answer.text, answer.headers["content-length"]) == ("piece piece piece ", "18")
    answer = server.request("POST", "/echo", body="path: $1, method: ${REQUEST_METHOD}")
    assert (answer.text, answer.headers["content-length"], answer.headers["x-a"]) == ("path: echo, method: POST", "24", "1")


def test_steps_act_in_their_order(server_with):
    server = server_with("route-run = template:", "route-run = toupper:")
    assert server.request("POST", "/echo", body="${PATH_INFO} x").text == "/ECHO X"
    server = server_with("route-run = toupper:", "route-run = template:")
    assert server.request("POST", "/echo", body="${path_info} x").text == "/echo X"


def test_gzip(server_with):
    server = server_with("route-if = contains:${HTTP_ACCEPT_ENCODING};gzip gzip:")
    answer = server.get("/large?100000", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.body) == b"x" * 100000 and len(answer.body) < 2000
    for path in ("/pieces", "/", "/large?1"):
        assert gzip.decompress(server.get(path, headers={"Accept-Encoding": "gzip"}).body) == server.get(path, headers={}).body
    assert "content-encoding" not in server.get("/empty", headers={"Accept-Encoding": "gzip"}).headers
    assert server.get("/304", headers={"Accept-Encoding": "gzip"}).status == 304
    assert "content-encoding" not in server.get("/", headers={"Accept-Encoding": "identity"}).headers


def test_gzip_of_a_changed_body(server_with):
    server = server_with("route-run = template:", "route-run = toupper:", "route-run = gzip:")
    answer = server.request("POST", "/echo", body="${PATH_INFO} x")
    assert gzip.decompress(answer.body) == b"/ECHO X"


def test_a_copy_goes_to_a_file(server_with):
    server = server_with("route = ^/(pieces|unread) tofile:filename=copy-$1.txt")
    assert server.get("/pieces").text == "piece piece piece "
    copy = server.folder / "copy-pieces.txt"
    wait_until(copy.exists)
    assert copy.read_text() == "piece piece piece "
    assert server.get("/unread").status == 403
    assert not (server.folder / "copy-unread.txt").exists()


def test_chunked_drops_the_length(server_with):
    server = server_with("route-run = chunked:")
    answer = server.get("/")
    assert answer.text == "hello" and answer.headers["transfer-encoding"] == "chunked" and "content-length" not in answer.headers


def test_clients_that_leave_take_nothing_with_them(server_with):
    server = server_with("route-run = gzip:", "route-run = toupper:")
    for _ in range(50):
        with server.connect() as sock:
            sock.sendall(b"GET /large?300000 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert server.get("/").status == 200


def test_responses_of_routes_are_transformed_too(server_with):
    server = server_with("route-run = toupper:", "route = ^/no return:403")
    assert server.get("/no").text == "FORBIDDEN"
