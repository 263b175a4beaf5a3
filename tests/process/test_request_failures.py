"""Requests that fail through their client: it is told so, by every way in alike."""

import pytest

from http_wire import GATEWAY, WAYS, Wire

READS = """
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [body]
"""
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rest", [b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", b"Content-Length: 10\r\n\r\nhello"])
def test_a_body_that_does_not_come_whole_is_400(wsgi, way, rest):
    server = wsgi(READS, "--http", "127.0.0.1:0")
    server.wait_for_log(GATEWAY)
    with Wire(server, way) as wire:
        wire.send(POST + rest)
        wire.sock.shutdown(1)
        assert wire.response().status == 400
        assert wire.at_end()


def test_a_body_that_stops_coming_is_408(wsgi):
    server = wsgi(READS, "--socket-timeout", "1")
    with Wire(server, "socket") as wire:
        wire.send(POST + b"Content-Length: 10\r\n\r\nhello")
        assert wire.response().status == 408
