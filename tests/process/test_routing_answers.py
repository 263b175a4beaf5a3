"""Routes whose answers come from files, caches, other servers; with and without offload threads."""

import gzip
import os
import re
import socket
import threading

import pytest

from http_wire import PROBE
from mortise import read_all, wait_until

BIG = os.urandom(3_000_000)


@pytest.fixture
def routed(mortise):
    def start(*lines, args=(), files=None, probe=PROBE):
        ini = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nplugin = %s\n%s\n" % (probe, "\n".join(lines))
        return mortise("--ini", "app.ini", *args, files={"app.ini": ini, **(files or {})})

    return start


def with_threads(offloaded, *lines):
    return ["offload-threads = 2", *lines] if offloaded else list(lines)


@pytest.fixture(params=[False, True], ids=["core", "offload"])
def offloaded(request):
    return request.param


def test_static_files(routed, offloaded):
    server = routed(*with_threads(offloaded, "route = ^/s/(\\w+\\.\\w+)$ static:files/$1", "route = ^/n/(.*)$ static-next:files/$1"),
                    files={"files/a.css": "body {}"})
    answer = server.get("/s/a.css")
    assert (answer.status, answer.text, answer.headers["content-type"]) == (200, "body {}", "text/css")
    assert server.get("/s/a.css", headers={"If-None-Match": answer.headers["etag"]}).status == 304
    answer = server.get("/s/a.css", headers={"Range": "bytes=0-3"})
    assert (answer.status, answer.text) == (206, "body")
    assert server.get("/s/none.css").status == 404
    assert server.get("/n/none.css").text == "hello"
    assert server.get("/n/a.css").text == "body {}"
    assert server.request("HEAD", "/s/a.css").headers["content-length"] == "7"


@pytest.mark.parametrize("action", ["file", "sendfile", "fastfile"])
def test_files_as_bodies(routed, offloaded, action):
    server = routed(*with_threads(offloaded, "route = ^/f/(.*)$ %s:filename=files/$1,status=202 Taken,mime=1" % action,
                                  "route = ^/n/(.*)$ %s-next:filename=files/$1,content_type=text/x" % action),
                    files={"files/a.css": "body {}", "files/empty": ""})
    (server.folder / "files/big").write_bytes(BIG)
    answer = server.get("/f/a.css")
    assert (answer.status, answer.text, answer.headers["content-type"], answer.headers["content-length"]) == (202, "body {}", "text/css", "7")
    assert server.get("/f/big").body == BIG
    assert server.get("/f/empty").body == b""
    assert server.get("/f/none").status == 404
    assert server.get("/n/a.css").headers["content-type"] == "text/x"
    assert server.get("/n/none").text == "hello"
    assert server.request("HEAD", "/f/big").headers["content-length"] == str(len(BIG))


def test_the_gateway_passes_what_offload_threads_send(mortise):
    ini = ["http = 127.0.0.1:0", "plugin = %s" % PROBE, "offload-threads = 2", "cache2 = name=pages,items=10", "route-run = gzip:",
           "route = ^/big$ fastfile:filename=big"]
    for lines in (ini[:4] + ini[5:], ini):  # where a body is being changed the core sends it
        server = mortise("--ini", "app.ini", files={"app.ini": "[uwsgi]\n%s\n" % "\n".join(lines)})
        (server.folder / "big").write_bytes(BIG)
        for _ in range(5):
            answer = server.get("/big")
            assert (gzip.decompress(answer.body) if "content-encoding" in answer.headers else answer.body) == BIG
            answer = server.get("/")
            assert (gzip.decompress(answer.body) if "content-encoding" in answer.headers else answer.body) == b"hello"


def test_a_slow_reader_of_an_offloaded_file_holds_no_core(routed):
    server = routed("offload-threads = 1", "threads = 1", "route = ^/big$ fastfile:filename=big")
    (server.folder / "big").write_bytes(BIG)
    with server.connect() as slow:
        slow.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        first = slow.recv(1000)
        assert server.get("/").text == "hello"
        answer = first + read_all(slow)
    assert b"\r\nConnection: close\r\n" in answer and answer.split(b"\r\n\r\n", 1)[1] == BIG
    server.wait_for_log("GET /big")


def test_connections_after_offloaded_ones_work(routed):
    server = routed("offload-threads = 2", "threads = 2", "route = ^/big$ fastfile:filename=big")
    (server.folder / "big").write_bytes(BIG[:100_000])
    from concurrent.futures import ThreadPoolExecutor

    def one(n):
        return server.get("/big" if n % 2 else "/").body in (BIG[:100_000], b"hello")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(400)))


def test_a_worker_waits_for_its_transfers_when_it_stops(routed):
    server = routed("offload-threads = 1", "route = ^/big$ fastfile:filename=big")
    (server.folder / "big").write_bytes(BIG)
    with server.connect() as slow:
        slow.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        first = slow.recv(1000)
        server.signal(15)
        answer = first + read_all(slow)
    assert answer.split(b"\r\n\r\n", 1)[1] == BIG


def test_the_clients_that_leave_end_their_transfers(routed):
    server = routed("offload-threads = 1", "route = ^/big$ fastfile:filename=big")
    (server.folder / "big").write_bytes(BIG)
    for _ in range(20):
        with server.connect() as sock:
            sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.recv(10)

    def worker_has_no_files():
        out = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                out += [os.readlink("/proc/%s/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%s/fd" % pid)]
            except OSError:
                continue
        return str(server.folder / "big") not in out

    wait_until(worker_has_no_files)


def test_http_servers_answer_through_routes(routed, offloaded):
    backend = routed("route-run = addheader:X-Backend: yes")
    address = "%s:%d" % backend.address()
    server = routed(*with_threads(offloaded, "route = ^/to/(.*)$ http:%s,host.example,/$1" % address, "route = ^/dumb http:%s" % address,
                                  "route = ^/core proxyhttp:%s,,/vars" % address, "route = ^/nowhere http:127.0.0.1:1"))
    answer = server.get("/to/vars")
    assert answer.headers["x-backend"] == "yes"
    assert "HTTP_HOST=host.example\n" in answer.text and "HTTP_X_FORWARDED_FOR=127.0.0.1\n" in answer.text
    body = os.urandom(500_000)
    assert server.request("POST", "/to/echo", body=body).body == body
    assert server.get("/to/unread").status == 403
    assert server.get("/core").status == 200
    assert server.get("/nowhere").status == 502
    assert server.get("/").text == "hello"


def test_uwsgi_servers_answer_through_routes(routed, mortise, offloaded):
    backend = mortise("--socket", "127.0.0.1:0", "--plugin", "7:%s" % PROBE)
    address = "%s:%d" % backend.address("uwsgi")
    server = routed(*with_threads(offloaded, "route-run = addvar:ADDED=here", "route = ^/to/(.*)$ setpathinfo:/$1", "route-uri = ^/to/ uwsgi:%s,7,0" % address,
                                  "route-uri = ^/core proxyuwsgi:%s,7,0" % address, "route = ^/nowhere uwsgi:127.0.0.1:1,0,0", "route = ^/other uwsgi:,99,0"))
    answer = server.get("/to/vars")
    assert answer.status == 200 and "ADDED=here\n" in answer.text
    body = os.urandom(500_000)
    assert server.request("POST", "/to/echo", body=body).body == body
    assert server.get("/core").text == "hello"
    assert server.get("/nowhere").status == 502
    assert server.get("/other").status >= 404
    assert server.get("/").text == "hello"


def test_caches(routed, offloaded):
    server = routed(*with_threads(offloaded, "cache2 = name=pages,items=100", "route = ^/pieces cache:key=${REQUEST_URI},content_type=text/plain",
                                  "route = ^/pieces cachestore:key=${REQUEST_URI},gzip=gz${REQUEST_URI},expires=100",
                                  "route = ^/gz$ cache:key=gz/pieces,content_encoding=gzip", "route-if = incache:key=/pieces addheader:X-Cached: yes"))
    assert server.get("/gz").text == "hello"
    first = server.get("/pieces")
    assert first.text == "piece piece piece " and "expires" not in first.headers
    second = server.get("/pieces")
    assert (second.text, second.headers["content-type"], second.headers["content-length"]) == (first.text, "text/plain", "18")
    assert "expires" in second.headers
    assert gzip.decompress(server.get("/gz").body).decode() == first.text
    assert server.get("/").headers["x-cached"] == "yes"


def test_cache_items(routed):
    server = routed("cache2 = name=numbers,items=100", "route-run = cacheinc:key=hits,name=numbers", "route-run = cachevar:key=hits,var=HITS,num=1",
                    "route-run = cacheset:key=word,value=${REQUEST_METHOD}", "route-run = cachevar:key=word,var=WORD")
    server.get("/")
    assert re.search(r"^HITS=2$", server.get("/vars").text, re.M)
    assert "WORD=GET\n" in server.get("/vars").text


def test_metrics(routed):
    server = routed("metric = name=hits", "route-run = metricinc:hits", "route-run = metricinc:hits,2", "route-run = addvar:HITS=${metric[hits]}")
    server.get("/")
    assert "HITS=6\n" in server.get("/vars").text


def test_bodies_are_sent_by_offload_threads(routed):
    server = routed("offload-threads = 1", "route = ^/small offload:", "route = ^/large offload:1000", "route = ^/(small|large)$ rewrite:/echo")
    for path, size in (("/small", 10), ("/small", 0), ("/large", 10), ("/large", 500_000)):
        body = os.urandom(size)
        answer = server.request("POST", path, body=body)
        assert answer.body == body and answer.headers["content-length"] == str(size)


@pytest.mark.parametrize("action", ["httpconnect", "proxyhttpconnect"])
def test_tunnels(routed, action):
    listener = socket.create_server(("127.0.0.1", 0))

    def echo():
        peer, _ = listener.accept()
        with peer:
            while data := peer.recv(100):
                peer.sendall(data.upper())

    threading.Thread(target=echo, daemon=True).start()
    server = routed("offload-threads = 1", "route = ^/tunnel %s:127.0.0.1:%d" % (action, listener.getsockname()[1]))
    with server.connect() as sock:
        sock.sendall(b"GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\nearly")
        answer = b""
        while not answer.endswith(b"\r\n\r\nEARLY"):  # in one piece or in two
            more = sock.recv(1000)
            assert more, answer
            answer += more
        assert answer.startswith(b"HTTP/1.1 200 ")
        for word in (b"hello", b"world"):
            sock.sendall(word)
            assert sock.recv(100) == word.upper()
        sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("line, message", [
    ("file:x=y", "file:x=y: it is written filename=PATH"), ("file:mime=1", "file:mime=1: it needs filename=PATH"),
    ("cache:name=x", "cache:name=x: it needs key="), ("uwsgi:x", "uwsgi:x: it is written [ADDRESS],MODIFIER1,MODIFIER2[,APPID]"),
    ("uwsgi:,300,0", "uwsgi:,300,0: it is written"), ("http:", "http:: it is written ADDRESS[,HOST[,PATH]]"),
    ("metricinc:", "metricinc:: it is written NAME or NAME,VALUE"), ("tofile:x", "tofile:x: it is written filename=PATH"),
])
def test_actions_that_are_written_wrong_are_refused(tmp_path, line, message):
    from mortise import run

    (tmp_path / "app.ini").write_text("[uwsgi]\nhttp-socket = 127.0.0.1:0\nplugin = %s\nroute = ^/ %s\n" % (PROBE, line))
    done = run(tmp_path, "--ini", "app.ini")
    assert message in done.stdout and done.returncode != 0
