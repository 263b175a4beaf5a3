"""Async mode: many requests in one thread of a worker, by the loop `async` and by loops of plugins that accept themselves."""

import socket
import threading
import time

import pytest
from mortise import BUILD, run, wait_until, write

COMMON = ("--async", 8, "--coroutines")


@pytest.fixture
def engine():
    """A coroutine engine, and a request hook that waits 0.3 s."""
    return BUILD / "fixtures" / "coroutines_plugin.so"


def together(server, count, path="/", method="GET", body=None):
    """The bodies of so many requests at the same time."""
    answers = [None] * count

    def ask(number):
        answers[number] = server.request(method, path, body=body).text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("listener", ["--http-socket", "--http"])
def test_requests_that_wait_are_served_at_the_same_time(mortise, engine, listener):
    server = mortise("--plugin", engine, *COMMON, listener, "127.0.0.1:0")
    answers = together(server, 8)
    assert set(answers) <= {"%d at a time, body of 0, timed out 0" % number for number in range(1, 9)}
    assert any(answer.startswith("8 ") for answer in answers), answers
    server.wait_for_log(r"switches on core 7")


def test_more_requests_than_cores_wait_for_their_turn(mortise, engine):
    server = mortise("--plugin", engine, "--async", 2, "--coroutines", "--http-socket", "127.0.0.1:0")
    answers = together(server, 7)
    assert set(answers) <= {"1 at a time, body of 0, timed out 0", "2 at a time, body of 0, timed out 0"}
    server.wait_for_log(r"async: all 2 cores of worker 1 are busy \(connections wait; raise --async\)")


def test_a_slow_body_holds_nobody(mortise, engine):
    server = mortise("--plugin", engine, *COMMON, "--http-socket", "127.0.0.1:0")
    with server.connect() as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\nbegun")
        assert set(together(server, 3, method="POST", body=b"whole")) <= {
            "%d at a time, body of 5, timed out 0" % number for number in range(1, 5)}
        slow.sendall(b"x" * (200000 - 5))
        answer = b""
        while chunk := slow.recv(65536):
            answer += chunk
    assert b"body of 200000" in answer


def test_a_hook_is_called_again_when_its_time_is_over(mortise, engine):
    server = mortise("--plugin", engine, "--async", 8, "--again", "--http-socket", "127.0.0.1:0")
    started = time.monotonic()
    answers = together(server, 8)
    assert 0.9 < time.monotonic() - started < 7
    assert "8 at a time, body of 0, timed out 1" in answers


def test_heads_are_read_in_pieces_and_bad_ones_are_refused(mortise, engine):
    server = mortise("--plugin", engine, *COMMON, "--http-socket", "127.0.0.1:0")
    with server.connect() as pieces, server.connect() as bad:
        pieces.sendall(b"GET / HTTP/1.1\r\nHo")
        bad.sendall(b"GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n")
        assert bad.recv(65536).startswith(b"HTTP/1.1 400 ")
        pieces.sendall(b"st: x\r\n\r\n")
        assert pieces.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_does_not_come_is_answered_408(mortise, engine):
    server = mortise("--plugin", engine, *COMMON, "--http-socket", "127.0.0.1:0", "--http-headers-timeout", 1)
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_requests_finish_when_the_server_stops(mortise, engine):
    server = mortise("--plugin", engine, *COMMON, "--http-socket", "127.0.0.1:0")
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with server.connect() as other:  # is served behind the first: that one has begun
            other.sendall(b"BAD\r\n\r\n")
            assert other.recv(65536).startswith(b"HTTP/1.1 400 ")
        server.stop()
        assert b"1 at a time" in sock.recv(65536)


APP = """
import os, time, uwsgi
readable, writable = os.pipe()
def application(environ, start_response):
    if environ["PATH_INFO"] == "/fd":
        start_response("200 OK", [])
        return wait_for_write()
    if environ["PATH_INFO"] == "/write":
        os.write(writable, b"x")
        start_response("200 OK", [])
        return [b"written"]
    start_response("200 OK", [])
    return sleeping(environ)
def sleeping(environ):
    began = time.monotonic()
    uwsgi.async_sleep(1)
    yield b""
    yield b"%s slept %d" % (environ["QUERY_STRING"].encode(), round(time.monotonic() - began))
def wait_for_write():
    uwsgi.wait_fd_read(readable, 20)
    yield b""
    yield b"%s" % (b"ready" if uwsgi.ready_fd() == readable else b"timed out")
"""


@pytest.mark.parametrize("coroutines", [True, False], ids=["coroutines", "again"])
def test_a_python_application_waits_without_a_thread(wsgi, engine, coroutines):
    engine = ("--plugin", "1:%s" % engine, *COMMON) if coroutines else ("--async", 8)
    server = wsgi(APP, *engine)
    started = time.monotonic()
    answers = together(server, 6, "/?q")
    assert answers == ["q slept 1"] * 6
    assert time.monotonic() - started < 5  # not one after the other
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(server.request("GET", "/fd", timeout=20).text))
    thread.start()
    wait_until(lambda: server.get("/?q").text == "q slept 1")
    assert not waiting
    assert server.get("/write").text == "written"
    thread.join()
    assert waiting == ["ready"]


STEPS = """
#include <uwsgi.h>
static void loop(void) {
  int queue = event_queue_init();
  struct uwsgi_socket *listener = uwsgi.sockets;
  uwsgi_add_sockets_to_queue(queue, 0);
  while (uwsgi.workers[uwsgi.mywid].manage_next_request) {
    int fd = -1;
    struct wsgi_request *request;
    if (event_queue_wait(queue, 1, &fd) <= 0) continue;
    request = find_first_available_wsgi_req();
    uwsgi.wsgi_req = request;
    wsgi_req_setup(request, request->async_id, listener);
    uwsgi.workers[uwsgi.mywid].cores[request->async_id].in_request = 1;
    if (wsgi_req_simple_accept(request, fd) == 0 && wsgi_req_recv(queue, request) == 0)
      uwsgi_log("steps: status %d of %.*s\\n", request->async_status, (int)request->uri_len, request->uri);
    uwsgi_close_request(request);
    uwsgi.async_queue_unused[++uwsgi.async_queue_unused_ptr] = request;
  }
}
static void load(void) { uwsgi_register_loop("steps", loop); }
static int answer(struct wsgi_request *request) {
  if (request->path_info_len == 5) return -1;
  uwsgi_response_prepare_headers(request, "200 OK", 6);
  return uwsgi_response_write_body_do(request, "step by step", 12);
}
struct uwsgi_plugin steps_plugin = {.name = "steps", .on_load = load, .request = answer};
"""


def test_a_loop_that_takes_the_steps_of_a_request_itself(mortise, tmp_path):
    write(tmp_path, "steps.c", STEPS)
    assert run(tmp_path, "--build-plugin", "steps.c").returncode == 0
    server = mortise("--plugin", tmp_path / "steps_plugin.so", "--loop", "steps", "--async", 2,
                     "--http-socket", "127.0.0.1:0", "--limit-post", 100)
    assert server.get("/").body == b"step by step"
    assert server.get("/fail").status == 500
    assert server.request("POST", "/", body=b"x" * 101).status == 413
    with server.connect() as gone:
        gone.sendall(b"GET")
        gone.shutdown(socket.SHUT_WR)
        assert gone.recv(100) == b""
    assert server.get("/again").body == b"step by step"
    server.wait_for_log("steps: status 0 of /again")
    server.stop()
