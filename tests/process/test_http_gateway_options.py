"""What the gateway does when it is asked to: proxies in front, health checks, figures, compression, bodies that are awaited."""

import gzip
import json
import os
import socket
import struct
import threading
import time

import pytest

from http_wire import GATEWAY, PROBE, Wire, start_probe
from mortise import BUILD, read_all, wait_until

REPORT = BUILD / "fixtures" / "http_report_plugin.so"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def start_report(mortise, *args):
    server = mortise("--plugin", REPORT, "--http", "127.0.0.1:0", "--processes=1", *args)
    server.wait_for_log(GATEWAY)
    return server


def seen(wire):
    """The variables that the application saw."""
    answer = wire.response()
    assert answer.status == 200, answer.body
    return dict(line.split("=", 1) for line in answer.body.decode().splitlines() if "=" in line)


# ---- PROXY protocol


def proxy_v2(source, port, family=0x11, command=0x21, additions=b""):
    size = 4 if family == 0x11 else 16
    packed = socket.inet_pton(socket.AF_INET if size == 4 else socket.AF_INET6, source)
    block = packed + packed + struct.pack("!HH", port, 80) + additions
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(block)) + block


@pytest.mark.parametrize(
    "header, address",
    [
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n", "192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 80\r\n", "2001:db8::1"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1"),
        (proxy_v2("192.0.2.3", 4711), "192.0.2.3"),
        (proxy_v2("2001:db8::3", 4711, 0x21), "2001:db8::3"),
        (proxy_v2("192.0.2.3", 4711, command=0x20), "127.0.0.1"),
    ],
)
def test_the_client_that_a_proxy_header_names_is_the_remote_address(mortise, header, address):
    server = start_report(mortise, "--http-enable-proxy-protocol")
    for step in (1, 1000):
        with Wire(server) as wire:
            data = header + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            for i in range(0, len(data), step):
                wire.send(data[i : i + step])
            assert seen(wire)["REMOTE_ADDR"] == address
            wire.get("/")  # the next request has no header of its own
            assert seen(wire)["REMOTE_ADDR"] == address


def test_a_proxy_header_can_say_that_the_client_came_over_tls(mortise):
    server = start_report(mortise, "--http-enable-proxy-protocol")
    with Wire(server) as wire:
        wire.send(proxy_v2("192.0.2.3", 1, additions=b"\x20\x00\x05\x01\0\0\0\0"))
        wire.get("/")
        variables = seen(wire)
        assert (variables["REQUEST_SCHEME"], variables["HTTPS"]) == ("https", "on")


@pytest.mark.parametrize(
    "header",
    [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"PROXY TCP4 x y 1 2\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n", b"PROXY " + b"x" * 200,
     SIGNATURE + b"\x31\x11\0\x0c" + bytes(12), SIGNATURE + b"\x21\x11\0\x01x", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"],
)
def test_what_is_no_proxy_header_is_refused(mortise, header):
    server = start_report(mortise, "--http-enable-proxy-protocol")
    with Wire(server) as wire:
        wire.send(header)
        assert wire.response().status == 400
        assert wire.at_end()
    server.wait_for_log("PROXY protocol header \\(answered 400\\)")


# ---- X-Forwarded-For


@pytest.mark.parametrize(
    "trusted, sent, address",
    [
        ("127.0.0.0/8", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.0/8", "192.0.2.7, 127.0.0.5", "192.0.2.7"),
        ("127.0.0.0/8", "192.0.2.7, 192.0.2.8", "192.0.2.8"),
        ("127.0.0.1,192.0.2.0/24", "10.0.0.1, 192.0.2.8", "10.0.0.1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]:80", "2001:db8::1"),
        ("127.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7, unknown", "127.0.0.1"),
        ("*", "192.0.2.7, 192.0.2.8", "192.0.2.7"),
        ("10.0.0.0/8", "192.0.2.7", "127.0.0.1"),
    ],
)
def test_x_forwarded_for_counts_as_far_as_it_is_trusted(mortise, trusted, sent, address):
    server = start_report(mortise, *("--http-trusted-proxy=" + network for network in trusted.split(",")), "--http-socket=127.0.0.1:0")
    for way in ("gateway", "socket"):
        with Wire(server, way) as wire:
            wire.get("/", headers="X-Forwarded-For: %s\r\nX-Forwarded-Proto: https\r\n" % sent)
            variables = seen(wire)
            assert variables["REMOTE_ADDR"] == address
            believed = not trusted.startswith("10.")
            assert variables["REQUEST_SCHEME"] == ("https" if believed else "http")
            assert ("HTTP_X_FORWARDED_FOR" in variables) == believed


def test_without_trusted_proxies_the_headers_pass_unchanged(mortise):
    server = start_report(mortise)
    with Wire(server) as wire:
        wire.get("/", headers="X-Forwarded-For: 192.0.2.7\r\n")
        variables = seen(wire)
        assert (variables["REMOTE_ADDR"], variables["HTTP_X_FORWARDED_FOR"]) == ("127.0.0.1", "192.0.2.7")


# ---- health and figures


def test_health_is_answered_by_the_gateway(mortise):
    server = start_probe(mortise, "--http-health", threads=1)
    wait_until(lambda: ask(server, "/-/ready").status == 200, what="readiness")
    with Wire(server) as busy:
        busy.get("/sleep?3000")  # the only core
        began = time.monotonic()
        assert ask(server, "/-/live").status == 200
        assert ask(server, "/-/ready").body == b"ok\n"
        assert time.monotonic() - began < 2.9
        busy.response()
    with Wire(server) as wire:
        wire.send(b"GET /-/live HTTP/1.1\r\nHost: a\r\n\r\n" * 300 + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [wire.response().body for _ in range(301)] == [b"ok\n"] * 300 + [b"hello"]
        wire.get("/-/live", method="HEAD")
        assert wire.response("HEAD").status == 200


def ask(server, path):
    with Wire(server) as wire:
        wire.get(path)
        return wire.response()


def test_without_the_option_health_is_the_applications(mortise):
    assert ask(start_probe(mortise), "/-/live").body == b"hello"


def test_figures_are_told_as_json(mortise):
    server = start_probe(mortise, "--http-stats=127.0.0.1:0", "--http-processes=2")
    host, port = server.wait_for_log(r"http stats on ([\d.]+):(\d+)").groups()

    def figures():
        with socket.create_connection((host, int(port)), timeout=5) as sock:
            return json.loads(read_all(sock))

    for _ in range(10):
        ask(server, "/")
    with Wire(server) as wire:
        wire.send("BAD\r\n\r\n")
        wire.response()
    told = wait_until(lambda: (lambda now: now if now["active_sessions"] == 0 else None)(figures()))
    assert (told["requests"], told["refused"]) == (10, 1)
    assert (told["answers"]["2xx"], told["answers"]["4xx"]) == (10, 1)
    assert told["http"][0].startswith("127.0.0.1:")
    assert told["nodes"][0]["name"] == "worker 1"


# ---- compression

GZIP_APP = """
def application(environ, start_response):
    headers = [("Content-Type", "text/plain"), ("uWSGI-Encoding", "gzip")]
    if environ["PATH_INFO"] == "/length":
        headers.append(("Content-Length", "60000"))
    if environ["PATH_INFO"] == "/other":
        headers.append(("Content-Encoding", "br"))
    start_response("200 OK", headers)
    return [b"abcdef" * 5000, b"ghijkl" * 5000]
"""


@pytest.mark.parametrize("path", ["/", "/length"])
def test_a_response_that_asks_for_it_is_compressed(mortise, path):
    server = mortise("--http=127.0.0.1:0", "--http-auto-gzip", "--wsgi-file=app.py", files={"app.py": GZIP_APP})
    whole = b"abcdef" * 5000 + b"ghijkl" * 5000
    with Wire(server) as wire:
        for _ in range(2):
            wire.get(path, headers="Accept-Encoding: br, gzip;q=0.5\r\n")
            answer = wire.response()
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert "uwsgi-encoding" not in answer.headers and "content-length" not in answer.headers
            assert len(answer.body) < 2000 and gzip.decompress(answer.body) == whole
        for refused in ("", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br\r\n"):
            wire.get(path, headers=refused)
            answer = wire.response()
            assert "content-encoding" not in answer.headers and answer.body == whole
        wire.get("/other", headers="Accept-Encoding: gzip\r\n")
        assert wire.response().headers["content-encoding"] == "br"
        wire.get(path, method="HEAD", headers="Accept-Encoding: gzip\r\n")
        assert wire.response("HEAD").status == 200
        wire.get(path, headers="Accept-Encoding: gzip\r\n", version="1.0")
        answer = wire.response()
        assert gzip.decompress(answer.body) == whole and answer.closes


# ---- bodies that are awaited


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [10, 5000, 300_000])
def test_a_worker_gets_an_awaited_body_whole(mortise, tmp_path, chunked, size):
    server = start_probe(mortise, "--http-post-buffering=4096", "--http-post-buffering-dir", tmp_path, threads=1)
    body = os.urandom(size)
    with Wire(server) as wire:
        if chunked:
            wire.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % size)
        else:
            wire.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        wire.send(body[: size // 2])
        # The one core is free meanwhile.
        assert ask(server, "/").body == b"hello"
        wire.send(body[size // 2 :] + (b"\r\n0\r\n\r\n" if chunked else b""))
        assert wire.response().body == body
        wire.get("/")
        assert wire.response().body == b"hello"
    assert os.listdir(tmp_path) in ([], ["0"])


def test_a_client_that_waits_for_100_is_told_to_go_on(mortise):
    server = start_probe(mortise, "--http-post-buffering=4096")
    with Wire(server) as wire:
        wire.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert wire.head().status == 100
        wire.send(b"abc")
        assert wire.response().body == b"abc"


# ---- other servers


def test_a_server_given_by_name_is_found_and_one_that_is_down_is_passed_over(mortise):
    behind = mortise("--plugin", PROBE, "--socket=127.0.0.1:0")
    port = behind.address("uwsgi")[1]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        down = closed.getsockname()[1]
        server = mortise("--http=127.0.0.1:0", "--http-to=localhost:%d" % port, "--http-to=127.0.0.1:%d" % down, "--no-need-app")
        server.wait_for_log(GATEWAY)
        for _ in range(6):
            assert ask(server, "/").body == b"hello"


def test_connections_to_a_server_that_keeps_them_are_used_again(mortise):
    behind = mortise("--plugin", PROBE, "--http-socket=127.0.0.1:0", "--protocol=http-gateway", "--socket=127.0.0.1:0")
    port = behind.wait_for_log(r"listening on http-gateway:.*:(\d+)").group(1)
    server = mortise("--http=127.0.0.1:0", "--http-to=127.0.0.1:" + port, "--http-stats=127.0.0.1:0", "--no-need-app")
    for _ in range(6):
        assert ask(server, "/").body == b"hello"
    host, port = server.wait_for_log(r"http stats on ([\d.]+):(\d+)").groups()
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        assert json.loads(read_all(sock))["nodes"][0]["idle_connections"] == 1


def test_a_name_that_is_unknown_is_502_with_the_cause(mortise):
    server = mortise("--http=127.0.0.1:0", "--http-to=no-such-host.invalid:80", "--no-need-app")
    server.wait_for_log(GATEWAY)
    assert ask(server, "/").status == 502
    server.wait_for_log("look up no-such-host.invalid:80: ")


# ---- several processes


def test_gateway_processes_share_the_cores_of_workers(mortise):
    server = start_probe(mortise, "--http-processes=3", workers=4, threads=1)
    began = time.monotonic()
    wires = [Wire(server) for _ in range(8)]
    threads = []
    for wire in wires:
        wire.get("/sleep?1000")
    for wire in wires:
        thread = threading.Thread(target=lambda wire=wire: wire.response())
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    # Two turns of four; a core that stood idle while another one had two requests would make it three.
    assert 1.9 < time.monotonic() - began < 2.9
    for wire in wires:
        wire.sock.close()


# ---- slow readers


def test_a_client_that_reads_slowly_does_not_hold_the_worker(mortise):
    server = start_probe(mortise, threads=1)
    with Wire(server) as slow:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.get("/large?200000")
        began = time.monotonic()
        assert ask(server, "/").body == b"hello"
        assert time.monotonic() - began < 2
        assert len(slow.response().body) == 200000


@pytest.mark.parametrize("size", [3_000_000, 8_000_000])
def test_the_disk_takes_what_a_client_is_slow_to_read(mortise, size):
    server = start_probe(mortise, threads=1)
    slow = [Wire(server, timeout=30) for _ in range(3)]
    for wire in slow:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        wire.get("/large?%d" % size)
    assert ask(server, "/").body == b"hello"  # the one core is free, although nobody has read anything
    for wire in slow:
        answer = wire.response()
        assert len(answer.body) == size and answer.body.strip(b"x") == b""
        wire.get("/")
        assert wire.response().body == b"hello"
        wire.sock.close()


def test_without_response_buffering_a_slow_client_holds_its_worker(mortise):
    server = start_probe(mortise, "--http-response-buffering=0", threads=1, workers=1)
    with Wire(server) as slow:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.get("/large?8000000")
        with Wire(server, timeout=0.5) as wire:
            wire.get("/")
            with pytest.raises(TimeoutError):
                wire.response()
        assert len(slow.response().body) == 8_000_000


def test_a_half_head_does_not_delay_a_stop(mortise):
    server = start_probe(mortise)
    with Wire(server) as wire, Wire(server, "socket") as direct:
        for half in (wire, direct):
            half.send(b"GET / HTTP/1.1\r\nHost: ")
        time.sleep(0.2)  # the head has come
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 5
