"""The smallest answer, and the other workloads by path."""

import time

HELLO = b"Hello World\n"
CHUNK = b"x" * 65536
PLAIN = [("Content-Type", "text/plain"), ("Content-Length", "12")]


def application(environ, start_response):
    start_response("200 OK", PLAIN)
    return [HELLO]


def post(environ, start_response):
    """Reads a body of 64 KiB."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    assert len(body) == 65536
    start_response("200 OK", PLAIN)
    return [HELLO]


def stream(environ, start_response):
    """1 MiB in pieces of 64 KiB, as a generator gives them."""
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", "1048576")])
    return (CHUNK for _ in range(16))


def sleep(environ, start_response):
    time.sleep(0.05)
    start_response("200 OK", PLAIN)
    return [HELLO]


async def asgi(scope, receive, send):
    """The same hello for servers that speak ASGI only."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), (b"content-length", b"12")]})
    await send({"type": "http.response.body", "body": HELLO})
