"""wsgiref.validate between the server and an application that does all that PEP 3333 allows."""

import http.client
import re

import pytest

from mortise import wait_until

APP = """
import io, sys
from wsgiref.validate import validator

TEXT = [("Content-Type", "text/plain")]


class Items:
    def __init__(self, *items, fail=None):
        self.items, self.fail = list(items), fail
    def __iter__(self):
        return self
    def __next__(self):
        if self.items:
            return self.items.pop(0)
        if self.fail:
            raise self.fail
        raise StopIteration
    def close(self):
        print("closed", flush=True)


def a_list(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"one ", b"two"]

def long_list(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"%d," % i for i in range(100)]

def a_tuple(environ, start_response):
    start_response("200 OK", TEXT)
    return (b"tuple",)

def empty(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "0")])
    return []

def with_length(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "4")])
    return [b"four"]

def generator(environ, start_response):
    start_response("200 OK", TEXT)
    yield b"a"
    yield b""
    yield b"b"

def late_start(environ, start_response):
    yield_first = start_response("200 OK", TEXT)
    return iter([b"late"])

def iterator(environ, start_response):
    start_response("200 OK", TEXT)
    return Items(b"it", b"er", b"ated")

def failing(environ, start_response):
    start_response("200 OK", TEXT)
    return Items(b"half", fail=RuntimeError("midway"))

def written(environ, start_response):
    write = start_response("200 OK", TEXT)
    write(b"one ")
    write(b"two ")
    return [b"three"]

def only_written(environ, start_response):
    start_response("200 OK", TEXT)(b"all")
    return []

def replaced(environ, start_response):
    start_response("200 OK", TEXT)
    try:
        raise ValueError("caught")
    except ValueError:
        start_response("503 Busy", TEXT, sys.exc_info())
    return [b"busy"]

def no_content(environ, start_response):
    start_response("204 No Content", [])
    return []

def not_modified(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"x"')])
    return []

def cookies(environ, start_response):
    start_response("200 OK", TEXT + [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [b"cookies"]

def latin(environ, start_response):
    start_response("200 OK", TEXT + [("X-Name", "caf\\xe9")])
    return [environ["PATH_INFO"].encode("latin-1")]

def file(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 512)

def memory(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"from memory"))

def errors(environ, start_response):
    environ["wsgi.errors"].write("written \\u20ac\\n")
    environ["wsgi.errors"].writelines(["lines\\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"logged"]

def read_all(environ, start_response):
    data = environ["wsgi.input"].read(1 << 20)
    start_response("200 OK", TEXT)
    return [data]

def read_lines(environ, start_response):
    stream = environ["wsgi.input"]
    data = stream.readline(3) + stream.readline() + b"".join(stream.readlines(1)) + b"".join(stream)
    start_response("200 OK", TEXT)
    return [data]

def read_in_pieces(environ, start_response):
    start_response("200 OK", TEXT)
    return iter(lambda: environ["wsgi.input"].read(7), b"")

def unread(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"not read"]


@validator
def application(environ, start_response):
    name = environ["PATH_INFO"].split("/")[1]
    return globals()[name](environ, start_response)
"""

NUMBERS = "".join("%d," % i for i in range(100)).encode()
CASES = {
    "a_list": b"one two",
    "long_list": NUMBERS,
    "a_tuple": b"tuple",
    "empty": b"",
    "with_length": b"four",
    "generator": b"ab",
    "late_start": b"late",
    "iterator": b"iterated",
    "written": b"one two three",
    "only_written": b"all",
    "replaced": b"busy",
    "no_content": b"",
    "not_modified": b"",
    "cookies": b"cookies",
    "latin": b"/latin",
    "memory": b"from memory",
    "errors": b"logged",
    "unread": b"not read",
}
STATUS = {"no_content": 204, "not_modified": 304, "replaced": 503}
BODY = b"first line\nsecond\n\nlast" * 500


def findings(log):
    """What the validator, or anybody, complained of."""
    log = re.sub(r"(?m)^.*=> generated.*$", "", log)
    return re.findall(r"(?m)^.*(?:Error|Warning|Traceback|Exception).*$", log)


@pytest.mark.parametrize("args", [[], ["--threads", "4"], ["--threads", "2", "--py-thread-interpreters"]], ids=" ".join)
def test_the_validator_finds_nothing(wsgi, args):
    server = wsgi(APP, *args)
    connection = http.client.HTTPConnection(*server.address(), timeout=10)
    for method in ("GET", "HEAD"):
        for name, expected in CASES.items():
            connection.request(method, "/%s?a=b&c=%%20" % name, headers={"X-A": "1", "Cookie": "k=v"})
            answer = connection.getresponse()
            assert (name, answer.status, answer.read()) == (name, STATUS.get(name, 200), b"" if method == "HEAD" else expected)
    for name in ("read_all", "read_lines", "read_in_pieces"):
        for body, headers in ((BODY, {}), (iter([BODY[:5], BODY[5:]]), {"Transfer-Encoding": "chunked"})):
            connection.request("POST", "/" + name, body, headers, encode_chunked=bool(headers))
            assert (name, connection.getresponse().read()) == (name, BODY)
    assert server.request("POST", "/unread", BODY).body == b"not read"
    connection.request("GET", "/file")
    assert connection.getresponse().read() == server.folder.joinpath("app.py").read_bytes()
    connection.close()
    assert findings(server.log) == []
    assert server.log.count("closed") == 2


def test_the_body_of_an_application_that_fails_is_closed_under_the_validator(wsgi):
    server = wsgi(APP)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        server.get("/failing")
    server.wait_for_log("RuntimeError: midway")
    wait_until(lambda: server.log.count("closed") == 1)
    assert "AssertionError" not in server.log


def test_a_client_that_leaves_gets_its_body_closed_and_nothing_raised(wsgi):
    server = wsgi(
        """
import uwsgi
from wsgiref.validate import validator
class Endless:
    def __iter__(self):
        return self
    def __next__(self):
        return b"x" * 65536
    def close(self):
        print("closed", flush=True)
@validator
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Endless()
"""
    )
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        sock.recv(100)
    server.wait_for_log("closed")
    assert findings(server.log) == []
