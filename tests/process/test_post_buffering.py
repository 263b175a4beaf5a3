"""Bodies that are read whole before the application is called (post-buffering): in memory or on disk, read again."""

import os

import pytest

from http_wire import Wire

APP = """
import hashlib, os

def application(environ, start_response):
    body = environ["wsgi.input"]
    start_response("200 OK", [])
    path = environ["PATH_INFO"]
    if path == "/again":
        first = body.read()
        assert body.read() == b"" and body.seekable() and body.tell() == len(first)
        assert body.seek(0) == 0
        second = body.read()
        assert body.seek(-3, 2) == len(first) - 3
        tail = body.read(2)
        assert body.seek(-1, 1) == body.tell() == len(first) - 2
        same = first == second and tail == first[-3:-1] and body.read() == first[-2:] and body.seek(1 << 40) == len(first)
        return [b"%s %s" % (hashlib.sha256(first).hexdigest().encode(), str(same).encode())]
    if path == "/lines":
        first = body.readlines()
        body.seek(len(first[0]))
        return [b"%d %s" % (len(first), str(list(body) == first[1:]).encode())]
    if path == "/seek":
        try:
            body.seek(0)
        except OSError as error:
            return [str(error).encode()]
    if path == "/files":  # what the worker has open
        links = ["/proc/self/fd/" + fd for fd in os.listdir("/proc/self/fd")]
        return ["\\n".join(os.readlink(link) for link in links if os.path.islink(link)).encode()]
    return [b"hello"]
"""


def start(wsgi, *args, **kwargs):
    return wsgi(APP, "--threads", "1", "--post-buffering", "4096", *args, **kwargs)


def digest(body):
    import hashlib

    return hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [3, 4096, 4097, 3_000_000])
def test_a_body_can_be_read_again(wsgi, size, chunked):
    server = start(wsgi)
    body = os.urandom(size)
    with Wire(server, "socket") as wire:
        for _ in range(2):  # the connection goes on
            if chunked:
                half = size // 2
                wire.send(b"POST /again HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                for part in (body[:half], body[half:]):
                    wire.send(b"%x\r\n%b\r\n" % (len(part), part))
                wire.send(b"0\r\n\r\n")
            else:
                wire.post("/again", body)
            assert wire.response().body == b"%b True" % digest(body).encode()


@pytest.mark.parametrize("lines", [2, 50_000])
def test_lines_can_be_read_again(wsgi, lines):
    server = start(wsgi)
    with Wire(server, "socket") as wire:
        wire.post("/lines", b"a line\n" * lines)
        assert wire.response().body == b"%d True" % lines


def test_what_the_application_left_does_not_reach_the_next_request(wsgi):
    server = start(wsgi)
    with Wire(server, "socket") as wire:
        wire.get("/files")
        before = wire.response().body
        for size in (10, 100_000, 10):
            wire.post("/", b"x" * size)
            assert wire.response().body == b"hello"
        wire.get("/files")
        assert wire.response().body == before  # and its file is closed


def test_a_client_that_waits_for_100_is_told_to_go_on(wsgi):
    server = start(wsgi)
    with Wire(server, "socket") as wire:
        wire.send(b"POST /again HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert wire.head().status == 100
        wire.send(b"abc")
        assert wire.response().body.endswith(b"True")


def test_the_gateway_and_its_workers_both_keep_it(mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--post-buffering", "100", files={"app.py": APP})
    body = os.urandom(300_000)
    with Wire(server) as wire:
        wire.post("/again", body)
        assert wire.response().body == b"%b True" % digest(body).encode()


def test_without_post_buffering_a_seek_says_what_to_do(wsgi):
    server = wsgi(APP)
    assert server.request("POST", "/seek", b"abc").text == "wsgi.input cannot be read again: set post-buffering"


def test_a_body_that_the_disk_does_not_take_is_answered_507(wsgi):
    server = start(wsgi, env={"TMPDIR": "/nonexistent"})
    answer = server.request("POST", "/again", b"x" * 10_000)
    assert answer.status == 507 and answer.text == "the request body cannot be stored\n"
    assert server.request("POST", "/again", b"x" * 100).status == 200
    server.wait_for_log("keep the body of POST /again: No such file or directory .answered 507; see --post-buffering and TMPDIR.")


def test_a_body_that_does_not_come_never_reaches_the_application(wsgi):
    server = start(wsgi, "--socket-timeout", "1")
    with Wire(server, "socket") as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
        answer = wire.response()
        assert answer.status == 408 and answer.body == b"a request body that stopped coming\n"
    with Wire(server, "socket") as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX")
        assert wire.response().status == 400
