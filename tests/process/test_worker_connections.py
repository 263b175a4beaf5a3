"""What a worker does with clients of the wrong protocol, with more clients than descriptors, and with more than cores."""

import threading
import time

import pytest
from mortise import read_all

APP = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""


def test_http_on_a_uwsgi_socket_is_told_so_at_once(mortise):
    server = mortise("--socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    with server.connect("uwsgi", timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = read_all(sock)
    cause = "HTTP on a socket that speaks the uwsgi protocol (listen with --http or --http-socket)"
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(cause.encode() + b"\n")
    server.wait_for_log("request from 127.0.0.1 refused: HTTP on a socket")


def test_more_connections_than_descriptors_are_told_once_and_served_when_others_end(mortise):
    server = mortise("--socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--header-timeout", "2", files={"app.py": APP})
    server.wait_for_log("loaded in")
    clients = [server.connect("uwsgi") for _ in range(60)]
    for client in clients:
        client.sendall(b"\0\xff")
    for client in clients:  # the last ones are not accepted before the first are refused
        assert client.recv(12) == b"HTTP/1.1 408"
        client.close()
    assert server.uwsgi_request().endswith(b"hello")
    assert server.log.count("accept: Too many open files") == 1


SLOW = """
import time
def application(environ, start_response):
    time.sleep(0.05)
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("threads", [1, 2])
def test_who_is_not_accepted_yet_has_a_turn_among_those_who_are(wsgi, threads):
    server = wsgi(SLOW, "--threads", threads)
    over = threading.Event()

    def asks_again_and_again(sock):
        while not over.is_set():
            sock.sendall(REQUEST)
            assert sock.recv(4096).endswith(b"hello")

    busy = [server.connect() for _ in range(16)]
    clients = [threading.Thread(target=asks_again_and_again, args=(sock,)) for sock in busy]
    for client in clients:
        client.start()
    for _ in range(2):  # what requests take lately is known then
        server.get(timeout=30)
    began = time.monotonic()
    late = [server.connect() for _ in range(12)]
    for sock in late:
        sock.sendall(REQUEST)
    for sock in late:
        assert sock.recv(4096).endswith(b"hello")
    took = time.monotonic() - began
    over.set()
    for client in clients:
        client.join()
    # Twice through all 28; one of the late ones in each turn of the others would take 9.6 s, or 4.8.
    assert took < 6 / threads
