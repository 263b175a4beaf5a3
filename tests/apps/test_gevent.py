"""--gevent: a greenlet for each connection, in one thread."""

import http.client
import sys
import threading
import time

import pytest
from mortise import SANITIZED

pytest.importorskip("gevent")
pytestmark = pytest.mark.skipif(SANITIZED, reason="greenlet copies stacks, where sanitizers see errors")
APP = """
import time, threading, uwsgi
import gevent
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/sleep":
        time.sleep(0.5)
    if path == "/body":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    if path == "/stream":
        def parts():
            for number in range(4):
                gevent.sleep(0.05)
                yield b"%d " % number
        start_response("200 OK", [])
        return parts()
    if path == "/later":
        done = gevent.spawn(lambda: 6 * 7)
        start_response("200 OK", [])
        return [b"%d" % done.get()]
    uwsgi.set_logvar("seen", path)
    start_response("200 OK", [])
    return [b"%s %d" % (threading.current_thread().name.encode(), uwsgi.worker_id())]
"""


@pytest.fixture
def serve(wsgi):
    """start(greenlets): a server with one worker and so many greenlets."""

    def start(greenlets=40):
        try:
            return wsgi(APP, "--virtualenv", sys.prefix, "--gevent", greenlets, "--gevent-monkey-patch")
        except AssertionError as failure:
            if "and this plugin is built for" in str(failure):
                pytest.skip("the plugin is built for another version of Python than this test run's")
            raise

    return start


def test_sleeping_requests_share_one_thread(serve):
    server = serve()
    answers = []
    started = time.monotonic()

    def ask():
        answers.append(server.get("/sleep").status)

    clients = [threading.Thread(target=ask) for _ in range(30)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [200] * 30
    assert time.monotonic() - started < 5, "30 requests of half a second ran one after the other"


def test_bodies_streams_and_greenlets_of_the_application(serve):
    server = serve()
    assert server.request("POST", "/body", body=b"x" * 300_000).body == b"x" * 300_000
    assert server.get("/stream").body == b"0 1 2 3 "
    assert server.get("/later").body == b"42"


def test_a_connection_is_kept_open_and_a_stop_waits_for_what_runs(serve):
    server = serve()
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rsplit(":", 1)[1]), timeout=10)
    for _ in range(3):
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.read()[-1:]) == (200, b"1")
    connection.close()
    results = []
    client = threading.Thread(target=lambda: results.append(server.get("/sleep").status))
    client.start()
    server.wait_for_log("GET /", count=3)
    time.sleep(0.2)  # inside the half second that the request takes
    server.stop()
    client.join()
    assert results == [200]


def test_more_connections_than_greenlets_wait_their_turn(serve):
    server = serve(2)
    results = []
    clients = [threading.Thread(target=lambda: results.append(server.get("/sleep").status)) for _ in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert results == [200] * 6
