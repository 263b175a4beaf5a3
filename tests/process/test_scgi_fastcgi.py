"""SCGI and FastCGI on listeners of workers: spoken by nginx, and by clients that are not as they should be."""

import os
import shutil
import socket
import struct
import subprocess

import pytest
from mortise import BUILD, clean_environment, listens, read_all, wait_until

REPORT = BUILD / "fixtures" / "http_report_plugin.so"
APP = """
def application(environ, start_response):
    path = environ["PATH_INFO"]
    body = b"" if path.endswith("/none") else environ["wsgi.input"].read()
    if path.endswith("/file"):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return environ["wsgi.file_wrapper"](open("large", "rb"))
    if path.endswith("/none"):
        start_response("204 No Content", [])
        return []
    answer = b"%s %s %s" % (environ["REQUEST_METHOD"].encode(), path.encode(), body)
    start_response("201 Created", [("Content-Type", "text/plain"), ("X-Length", str(len(answer)))])
    return [answer] if path.endswith("/whole") else iter([answer[:7], b"", answer[7:]])
"""
NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  upstream kept {{ server unix:{socket}; keepalive 4; }}
  server {{
    listen unix:{folder}/nginx.sock;
    location / {{
      include /etc/nginx/{protocol}_params;
      {protocol}_param PATH_INFO $document_uri;
      {protocol}_param SCRIPT_NAME "";
      {pass_it}
    }}
  }}
}}
"""
PASS = {
    "scgi": ("scgi", "scgi_pass unix:{socket};"),
    "fastcgi": ("fastcgi", "fastcgi_pass unix:{socket};"),
    "kept": ("fastcgi", "fastcgi_pass kept; fastcgi_keep_conn on;"),
}


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="nginx is not installed")
@pytest.mark.parametrize("way", PASS)
def test_nginx_speaks_it(mortise, tmp_path, way):
    protocol, pass_it = PASS[way]
    socket_path = tmp_path / "x.sock"
    large = b"0123456789abcdef" * 20_000
    server = mortise("--%s-socket" % protocol, socket_path, "--wsgi-file", "app.py", files={"app.py": APP})
    (server.folder / "large").write_bytes(large)
    (tmp_path / "nginx.conf").write_text(NGINX.format(
        folder=tmp_path, socket=socket_path, protocol=protocol, pass_it=pass_it.format(socket=socket_path),
        user="user root;" if os.geteuid() == 0 else ""))
    nginx = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
                             env=clean_environment({"PATH": "/usr/sbin:/usr/bin:/bin"}),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(tmp_path / "nginx.sock"), what="nginx listening")

        def curl(path, *args):
            done = subprocess.run(["curl", "-s", "-i", "--max-time", "10", "--unix-socket", str(tmp_path / "nginx.sock"),
                                   "http://localhost" + path, *args], capture_output=True, check=False)
            assert done.returncode == 0, (done, server.log)
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            return head.split(b"\r\n")[0], body

        (tmp_path / "sent").write_bytes(large)
        for _ in range(3):  # on kept connections, too
            assert curl("/a%20b") == (b"HTTP/1.1 201 Created", b"GET /a b ")
            assert curl("/whole", "-d", "x=1") == (b"HTTP/1.1 201 Created", b"POST /whole x=1")
            assert curl("/up", "--data-binary", "@%s" % (tmp_path / "sent"), "-H", "Expect:")[1] == b"POST /up " + large
            assert curl("/file")[1] == large
            assert curl("/none") == (b"HTTP/1.1 204 No Content", b"")
            assert curl("/none", "--data-binary", "@%s" % (tmp_path / "sent"), "-H", "Expect:")[0] == b"HTTP/1.1 204 No Content"
            for size in range(1, 9):  # records end at multiples of eight bytes
                assert curl("/whole", "-d", "x" * size)[1] == b"POST /whole " + b"x" * size
            assert curl("/head", "-I")[0] == b"HTTP/1.1 201 Created"
        assert "upstream" not in (tmp_path / "nginx.log").read_text()
    finally:
        nginx.terminate()
        nginx.communicate(timeout=10)


# ---- SCGI by hand ----


def scgi(pairs, body=b""):
    block = b"".join(name + b"\0" + value + b"\0" for name, value in pairs)
    return b"%d:%s,%s" % (len(block), block, body)


def talk(server, scheme, data, pieces=1):
    with server.connect(scheme) as sock:
        for start in range(0, len(data), max(1, len(data) // pieces)):
            sock.sendall(data[start:start + max(1, len(data) // pieces)])
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


@pytest.fixture
def scgi_server(mortise):
    return mortise("--plugin", REPORT, "--scgi-socket", "127.0.0.1:0", "--buffer-size", 8192, "--max-vars", 32)


GOOD = [(b"CONTENT_LENGTH", b"5"), (b"SCGI", b"1"), (b"REQUEST_METHOD", b"POST")]


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_scgi_in_pieces(scgi_server, pieces):
    answer = talk(scgi_server, "scgi", scgi(GOOD, b"hello"), pieces)
    assert answer.startswith(b"Status: 200 OK\r\n") and answer.endswith(b"REQUEST_METHOD=POST\nhello")


@pytest.mark.parametrize("data, status", [
    (b"x", b"400"), (b"0:,", b"400"), (b"05:a\0b\0c,", b"400"), (b"4:a\0b\0x", b"400"), (b"-4:a\0b\0,", b"400"),
    (b"99999:", b"431"), (scgi([(b"SCGI", b"1")]), b"400"), (scgi([(b"CONTENT_LENGTH", b"5x")]), b"400"),
    (scgi([(b"CONTENT_LENGTH", b"")]), b"400"), (scgi(GOOD + [(b"CONTENT_LENGTH", b"6")]), b"400"),
    (scgi(GOOD + [(b"A", b"b")] * 40), b"431"), (b"20:CONTENT_LENGTH\x005\x00abc,", b"400"),
])
def test_wrong_scgi_is_refused(scgi_server, data, status):
    assert talk(scgi_server, "scgi", data).startswith(b"Status: " + status)


def test_the_status_line_of_http_where_it_is_wanted(mortise):
    server = mortise("--plugin", REPORT, "--scgi-nph-socket", "127.0.0.1:0")
    assert talk(server, "scgi-nph", scgi(GOOD, b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")


# ---- FastCGI by hand ----


def record(kind, content=b"", number=1, padding=0):
    return struct.pack(">BBHHBB", 1, kind, number, len(content), padding, 0) + content + b"\0" * padding


def fastcgi(pairs, body=b"", keep=0, number=1, step=None, padding=0):
    def length(text):
        return bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 0x80000000)

    params = b"".join(length(name) + length(value) + name + value for name, value in pairs)
    step = step or max(len(params), 1)
    data = record(1, struct.pack(">HB5x", 1, keep), number)
    data += b"".join(record(4, params[i:i + step], number, padding) for i in range(0, len(params), step)) + record(4, b"", number)
    data += b"".join(record(5, body[i:i + 3], number, padding) for i in range(0, len(body), 3))
    return data + record(5, b"", number)


def records(data):
    """[(type, id, content)] of a whole stream."""
    found = []
    while data:
        _, kind, number, length, padding, _ = struct.unpack(">BBHHBB", data[:8])
        found.append((kind, number, data[8:8 + length]))
        assert len(data) >= 8 + length + padding
        data = data[8 + length + padding:]
    return found


def answer_of(found):
    assert [kind for kind, _, _ in found[-2:]] == [6, 3] and found[-2][2] == b""
    return b"".join(content for kind, _, content in found if kind == 6)


@pytest.fixture
def fastcgi_server(mortise):
    return mortise("--plugin", REPORT, "--fastcgi-socket", "127.0.0.1:0", "--buffer-size", 8192, "--max-vars", 32)


@pytest.mark.parametrize("pieces", [1, 3, 1000])
@pytest.mark.parametrize("step, padding", [(None, 0), (5, 3), (1, 7)])
def test_fastcgi_in_pieces(fastcgi_server, pieces, step, padding):
    pairs = GOOD + [(b"LONG", b"x" * 300)]
    found = records(talk(fastcgi_server, "fastcgi", fastcgi(pairs, b"hello", number=7, step=step, padding=padding), pieces))
    assert {number for _, number, _ in found} == {7}
    answer = answer_of(found)
    assert answer.startswith(b"Status: 200 OK\r\n") and answer.endswith(b"LONG=" + b"x" * 300 + b"\nhello")


def test_a_connection_is_not_reset_by_the_record_that_ends_the_body(fastcgi_server):
    data = fastcgi(GOOD, b"hello")
    with fastcgi_server.connect("fastcgi") as sock:
        sock.sendall(data[:-len(record(5))])
        assert answer_of(records(read_all(sock))).endswith(b"\nhello")
        sock.sendall(record(5))
        sock.shutdown(socket.SHUT_WR)  # fails where it was reset


@pytest.mark.parametrize("buffering", [0, 1, 1000])
@pytest.mark.parametrize("pieces", [1, 1000])
@pytest.mark.parametrize("padding", [0, 3, 7])
def test_several_requests_on_one_connection(mortise, padding, pieces, buffering):
    server = mortise("--plugin", REPORT, "--fastcgi-socket", "127.0.0.1:0", "--post-buffering", buffering)
    requests = (fastcgi(GOOD, b"first", keep=1, padding=padding) + fastcgi(GOOD, b"later", keep=1, number=2, padding=padding)
                + fastcgi(GOOD, b"final", padding=padding))
    found = records(talk(server, "fastcgi", requests, pieces))
    ends = [index for index, (kind, _, _) in enumerate(found) if kind == 3]
    assert len(ends) == 3
    for body, start, end in zip([b"first", b"later", b"final"], [0, ends[0] + 1, ends[1] + 1], ends):
        assert answer_of(found[start:end + 1]).endswith(b"\n" + body)


def test_a_body_that_ends_before_its_length_holds_up_nothing_behind_it(mortise):
    server = mortise("--fastcgi-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    unread = GOOD + [(b"PATH_INFO", b"/none")]
    found = records(talk(server, "fastcgi", fastcgi(unread, b"hel", keep=1) + fastcgi(unread, b"hello", number=2)))
    assert [number for kind, number, _ in found if kind == 3] == [1, 2]


BEGIN = record(1, struct.pack(">HB5x", 1, 0))


@pytest.mark.parametrize("data, status", [
    (b"GET / HTTP/1.1\r\n", b"400"), (record(4, b"\1\1ab"), b"400"), (record(1, b"short"), b"400"),
    (record(1, struct.pack(">HB5x", 2, 0)), b"501"), (BEGIN + BEGIN, b"501"), (BEGIN + record(5, b"x"), b"400"),
    (BEGIN + record(4, b"\5\1ab") + record(4), b"400"), (BEGIN + record(4, b"\x80\0") + record(4), b"400"),
    (BEGIN + record(4, b"x" * 9000), b"431"), (BEGIN + record(4, b"\1\1ab" * 40) + record(4), b"431"),
    (BEGIN + record(4, b"\x0e\2CONTENT_LENGTH5x") + record(4), b"400"), (record(1, struct.pack(">HB5x", 1, 0), 0), b"400"),
])
def test_wrong_fastcgi_is_refused(fastcgi_server, data, status):
    found = records(talk(fastcgi_server, "fastcgi", data))
    assert b"".join(content for _, _, content in found).startswith(b"Status: " + status)


def test_a_body_that_is_aborted_is_the_clients_failure(fastcgi_server):
    data = fastcgi(GOOD, b"hello")
    cut = data[:-len(record(5, b"hel") + record(5, b"lo") + record(5))] + record(5, b"he") + record(2)
    found = records(talk(fastcgi_server, "fastcgi", cut))
    assert b"".join(content for _, _, content in found).startswith(b"Status: 400")
