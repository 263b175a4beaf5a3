"""The python plugin as a WSGI server: what PEP 3333 promises to an application."""

import re
import textwrap

import pytest

from mortise import read_all, wait_until

HELLO = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello", b"World"]
"""

STR_BODY_MESSAGE = (
    "python: application returned str in the response body; WSGI wants bytes: "
    'return [b"..."] or "...".encode() (PEP 3333) in GET /path'
)


def body(expression, headers='[("Content-Type", "text/plain")]', before=""):
    """An application that returns the value of an expression."""
    return "%s\ndef application(environ, start_response):\n    start_response('200 OK', %s)\n    return %s\n" % (
        textwrap.dedent(before),
        headers,
        expression,
    )


# ---- body ----


def test_a_list_is_answered_as_a_whole_with_its_length(wsgi):
    answer = wsgi(HELLO).get()
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"HelloWorld", "10")
    assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("(b'a', b'b')", b"ab"),
        ("b'bytes'", b"bytes"),
        ("[]", b""),
        ("[b'', b'']", b""),
        ("[b'%d,' % i for i in range(100)]", b"".join(b"%d," % i for i in range(100))),
        ("[b'x' * 3000000]", b"x" * 3000000),
    ],
)
def test_a_sequence_of_bytes_gets_a_content_length(wsgi, expression, expected):
    answer = wsgi(body(expression)).get()
    assert answer.body == expected
    assert answer.headers["content-length"] == str(len(expected))


def test_a_generator_is_streamed_item_by_item(wsgi):
    server = wsgi(
        """
        import threading
        go_on = threading.Event()

        def application(environ, start_response):
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/go":
                go_on.set()
                return [b"ok"]
            return stream()

        def stream():
            yield b"first"
            assert go_on.wait(10)
            yield b""
            yield b"second"
        """.replace("\n        ", "\n"),
        "--threads",
        "2",
    )
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while b"first" not in received:
            received += sock.recv(4096)
        assert b"second" not in received
        assert server.get("/go").body == b"ok"
        while b"second" not in received:
            received += sock.recv(4096)
    assert b"content-length" not in received.lower()


# 64 KiB and more: the end of such a piece may wait for the next one, but no longer than the client takes to acknowledge.
@pytest.mark.parametrize("size", [65535, 65536, 65537, 200000])
def test_a_large_piece_arrives_whole_before_the_next_one_is_asked_for(wsgi, size):
    server = wsgi(
        """
        import threading
        go_on = threading.Event()

        def application(environ, start_response):
            if environ["PATH_INFO"] == "/go":
                go_on.set()
                start_response("200 OK", [])
                return [b"ok"]
            size = int(environ["QUERY_STRING"])
            start_response("200 OK", [("Content-Length", str(3 * size))])
            return stream(size)

        def stream(size):
            for letter in b"abc":
                yield bytes([letter]) * size
                go_on.wait()
                go_on.clear()
        """.replace("\n        ", "\n"),
        "--threads",
        "2",
    )
    with server.connect() as sock:
        sock.sendall(b"GET /?%d HTTP/1.1\r\nHost: a\r\n\r\n" % size)
        received = b""
        while b"\r\n\r\n" not in received:
            received += sock.recv(65536)
        received = received.split(b"\r\n\r\n", 1)[1]
        for number, letter in enumerate((b"a", b"b", b"c"), 1):
            while len(received) < number * size:
                received += sock.recv(65536)
            assert len(received) == number * size and received.endswith(letter * size)
            assert server.get("/go").body == b"ok"
        assert received == b"a" * size + b"b" * size + b"c" * size


def test_an_application_may_be_a_class_or_any_callable(wsgi):
    source = """
class application:
    def __init__(self, environ, start_response):
        self.start_response = start_response
    def __iter__(self):
        self.start_response("201 Created", [("X-Class", "yes")])
        yield b"from a class"
"""
    answer = wsgi(source).get()
    assert (answer.status, answer.body, answer.headers["x-class"]) == (201, b"from a class", "yes")


def test_str_in_the_body_is_one_clear_error_and_a_500(wsgi):
    server = wsgi(body("['Hello', 'World']"))
    assert server.get("/path").status == 500
    assert STR_BODY_MESSAGE in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize("expression", ["'Hello'", "('a' for a in 'b')", "[b'a', 'b']"])
def test_str_is_refused_however_it_is_returned(wsgi, expression):
    server = wsgi(body(expression))
    assert server.get("/path").status == 500
    assert STR_BODY_MESSAGE in server.log


@pytest.mark.parametrize("expression, name", [("None", "NoneType"), ("42", "int"), ("[42]", "int"), ("iter([None])", "NoneType")])
def test_what_is_no_body_is_named(wsgi, expression, name):
    server = wsgi(body(expression))
    assert server.get("/path").status == 500
    assert (
        "python: application returned %s in the response body; WSGI wants an iterable of bytes (PEP 3333) in GET /path" % name
        in server.log
    )


def test_a_body_without_start_response_is_an_error(wsgi):
    server = wsgi("def application(environ, start_response):\n    return [b'x']\n")
    assert server.get("/path").status == 500
    assert "python: application sent a body before it called start_response (PEP 3333) in GET /path" in server.log


def test_no_start_response_at_all_is_an_error(wsgi):
    server = wsgi("def application(environ, start_response):\n    return iter([])\n")
    assert server.get("/path").status == 500
    assert "python: application did not call start_response in GET /path (PEP 3333)" in server.log


CLOSING = """
import sys

class Body:
    def __init__(self, path):
        self.path = path
        self.count = 0
    def __iter__(self):
        return self
    def __next__(self):
        self.count += 1
        if self.path == "/raise":
            raise ValueError("in the middle" if self.count > 1 else "at once")
        if self.path == "/late" and self.count > 1:
            raise ValueError("in the middle")
        if self.path == "/str":
            return "str"
        if self.path == "/ok" and self.count > 3:
            raise StopIteration
        return b"x" * 65536
    def close(self):
        sys.stderr.write("closed %s\\n" % self.path)

def application(environ, start_response):
    if environ["PATH_INFO"] != "/nostart":
        start_response("200 OK", [])
    return Body(environ["PATH_INFO"])
"""


@pytest.mark.parametrize("path", ["/ok", "/raise", "/str", "/nostart"])
def test_close_is_called_on_every_path(wsgi, path):
    server = wsgi(CLOSING)
    server.get(path)
    server.wait_for_log("closed %s\n" % path)
    assert server.log.count("closed") == 1


def test_close_is_called_when_the_client_leaves_and_nothing_is_raised(wsgi):
    server = wsgi(CLOSING)
    with server.connect() as sock:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        sock.recv(4096)
    server.wait_for_log("closed /endless\n")
    assert "Traceback" not in server.log
    assert server.get("/ok").status == 200


def test_an_exception_in_the_middle_of_a_body_cuts_the_connection(wsgi):
    server = wsgi(CLOSING)
    with server.connect() as sock:
        sock.sendall(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while True:
            data = sock.recv(65536)
            if not data:
                break
            received += data
    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n"), "a cut body must not look complete"
    assert "ValueError: in the middle" in server.log


def test_close_that_raises_is_logged_and_the_answer_stands(wsgi):
    source = """
class Body(list):
    def close(self):
        raise KeyError("close")
def application(environ, start_response):
    start_response("200 OK", [])
    return Body([b"fine"])
"""
    server = wsgi(source)
    assert server.get("/path").body == b"fine"
    server.wait_for_log(r"python: close\(\) of the response body failed in GET /path:\nTraceback")


# ---- errors ----


def test_an_exception_is_a_500_with_the_traceback_in_the_log(wsgi):
    server = wsgi("def application(environ, start_response):\n    raise ValueError('some cause')\n")
    assert server.get("/path?q=1").status == 500
    assert "python: exception in GET /path?q=1:\nTraceback (most recent call last):\n" in server.log
    assert "ValueError: some cause" in server.log
    assert server.get("/again").status == 500


def test_an_exception_after_start_response_is_still_a_500(wsgi):
    source = """
def application(environ, start_response):
    start_response("200 OK", [("X-Early", "1")])
    raise ValueError
"""
    answer = wsgi(source).get()
    assert answer.status == 500
    assert "x-early" not in answer.headers


def test_sys_exit_in_an_application_ends_the_request_not_the_worker(wsgi):
    server = wsgi("import sys\ndef application(environ, start_response):\n    sys.exit(3)\n")
    assert server.get().status == 500
    assert server.get().status == 500
    assert "SystemExit: 3" in server.log
    assert server.log.count("loaded in") == 1


def test_catch_exceptions_shows_the_traceback_to_the_client(wsgi):
    server = wsgi("def application(environ, start_response):\n    raise ValueError('some cause')\n", "--catch-exceptions")
    answer = server.get()
    assert answer.status == 500
    assert "ValueError: some cause" in answer.text


# ---- start_response ----


def test_start_response_with_exc_info_replaces_the_head(wsgi):
    source = """
import sys
def application(environ, start_response):
    start_response("200 OK", [("X-First", "1")])
    try:
        raise ValueError
    except ValueError:
        start_response("503 Service Unavailable", [("X-Second", "2")], sys.exc_info())
    return [b"sorry"]
"""
    answer = wsgi(source).get()
    assert (answer.status, answer.body) == (503, b"sorry")
    assert "x-first" not in answer.headers and answer.headers["x-second"] == "2"


def test_start_response_with_exc_info_after_the_head_was_sent_raises_it_again(wsgi):
    source = """
import sys
def application(environ, start_response):
    write = start_response("200 OK", [])
    write(b"gone")
    try:
        raise ValueError("original")
    except ValueError:
        start_response("500 No", [], sys.exc_info())
    return [b"never"]
"""
    server = wsgi(source)
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while True:
            data = sock.recv(65536)
            if not data:
                break
            received += data
    assert b"gone" in received and b"never" not in received
    assert "ValueError: original" in server.log


def test_a_second_start_response_without_exc_info_is_an_error(wsgi):
    source = """
def application(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return [b""]
"""
    server = wsgi(source)
    assert server.get().status == 500
    assert "RuntimeError: start_response was called twice: the second call needs exc_info (PEP 3333)" in server.log


def test_write_sends_the_body_in_front_of_what_is_returned(wsgi):
    source = """
def application(environ, start_response):
    write = start_response("200 OK", [("Content-Length", "9")])
    write(b"one")
    write(b"two")
    return [b"end"]
"""
    assert wsgi(source).get().body == b"onetwoend"


def test_write_raises_for_a_client_that_left_but_it_is_not_logged(wsgi):
    source = """
import sys
def application(environ, start_response):
    write = start_response("200 OK", [])
    try:
        while True:
            write(b"x" * 65536)
    except OSError as error:
        sys.stderr.write("stopped: %s\\n" % error)
        raise
"""
    server = wsgi(source)
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        sock.recv(4096)
    server.wait_for_log("stopped: the client is gone")
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    "status, headers, message",
    [
        ("'200 OK'", "[('X-Bad', 'a\\r\\nSet-Cookie: b')]", "ValueError: response header 'X-Bad': the value has a control character"),
        ("'200 OK'", "[('X-Bad', 'a\\x1b[31m')]", "ValueError: response header 'X-Bad': the value has a control character"),
        ("'200 OK'", "[('Content-Length', '1'), ('Content-Length', '2')]", "ValueError: response header 'Content-Length': there is another one"),
        ("'103 Early Hints'", "[]", "ValueError: the status must look like \"200 OK\", not '103 Early Hints'"),
        ("'200 OK'", "[('X-Bad', 'a\\0')]", "ValueError: response header 'X-Bad': the value has a control character"),
        ("'200 OK'", "[('X Bad', 'a')]", "ValueError: response header 'X Bad': the name is no token of RFC 9110"),
        ("'200 OK'", "[('', 'a')]", "ValueError: response header '': the name is no token of RFC 9110"),
        ("'200 OK'", "[('X-Bad', '\\u20ac')]", "ValueError: response header 'X-Bad': the value has characters outside latin-1"),
        ("'200 OK'", "[('X-Bad', b'a')]", "TypeError: response header 'X-Bad': name and value must be str, not str and bytes"),
        ("'200 OK'", "[('X-Bad',)]", "TypeError: each response header must be a tuple (name, value), not ('X-Bad',)"),
        ("'200 OK'", "(('X-Bad', 'a'),)", "TypeError: the response headers must be a list of (name, value), not tuple"),
        ("'200 OK'", "[('Content-Length', '-1')]", "ValueError: response header 'Content-Length': the value must be digits: '-1'"),
        ("'200'", "[]", "ValueError: the status must look like \"200 OK\", not '200'"),
        ("'OK 200'", "[]", "ValueError: the status must look like \"200 OK\", not 'OK 200'"),
        ("'200 OK\\r\\nX: y'", "[]", "ValueError: the status must look like \"200 OK\", not '200 OK\\r\\nX: y'"),
        ("b'200 OK'", "[]", "TypeError: the status must be str, not bytes"),
    ],
)
def test_a_bad_head_is_refused_by_name(wsgi, status, headers, message):
    source = "def application(environ, start_response):\n    start_response(%s, %s)\n    return [b'']\n" % (status, headers)
    server = wsgi(source)
    assert server.get().status == 500
    assert message in server.log


def test_a_head_that_was_refused_may_be_corrected(wsgi):
    source = """
def application(environ, start_response):
    try:
        start_response("200 OK", [("X-A", "1"), ("X-Bad", "\\n")])
    except ValueError:
        start_response("200 Fine", [("X-B", "2")])
    return [b"ok"]
"""
    answer = wsgi(source).get()
    assert (answer.status, answer.headers.get("x-a"), answer.headers["x-b"]) == (200, None, "2")


def test_framing_headers_of_the_application_are_left_to_the_server(wsgi):
    headers = "[('Transfer-Encoding', 'chunked'), ('Connection', 'keep-alive'), ('Keep-Alive', '5'), ('X-Other', 'kept')]"
    answer = wsgi(body("[b'plain']", headers)).get()
    assert answer.body == b"plain"
    assert answer.headers["x-other"] == "kept"
    assert "transfer-encoding" not in answer.headers and "keep-alive" not in answer.headers


def test_several_headers_of_one_name_are_all_sent(wsgi):
    answer = wsgi(body("[b'']", "[('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=\\xe9')]")).get()
    assert [value for name, value in answer.header_list if name == "set-cookie"] == ["a=1", "b=\xe9"]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_that_have_no_body_get_none(wsgi, status):
    source = "def application(environ, start_response):\n    start_response(%r, [])\n    return [b'body']\n" % status
    answer = wsgi(source).get()
    assert answer.body == b""
    assert "content-length" not in answer.headers


def test_head_has_the_length_of_the_body_and_no_body(wsgi):
    answer = wsgi(HELLO).request("HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "10")


def test_head_with_an_empty_body_claims_no_length_zero(wsgi):
    answer = wsgi(body("[]")).request("HEAD")
    assert answer.headers.get("content-length") != "0"


def test_a_longer_body_than_content_length_is_cut(wsgi):
    server = wsgi(body("[b'0123456789']", "[('Content-Length', '4')]"))
    assert server.get().body == b"0123"
    server.wait_for_log("longer than its Content-Length")


def test_a_shorter_body_than_content_length_closes_the_connection(wsgi):
    server = wsgi(body("[b'0123']", "[('Content-Length', '10')]"))
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(sock).endswith(b"\r\n\r\n0123")
    server.wait_for_log("the response has 4 bytes of its Content-Length of 10, the connection is closed")


# ---- environ ----

ENVIRON = """
import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({k: v if isinstance(v, (str, int, bool)) else repr(v) for k, v in environ.items()}).encode()]
"""


def environ_of(server, *args, **kwargs):
    import json

    return json.loads(server.get(*args, **kwargs).body)


def test_environ_has_what_pep_3333_asks_for(wsgi):
    server = wsgi(ENVIRON)
    environ = environ_of(server, "/a%20b/%C3%A9?q=%20&r", headers={"X-Some-Thing": "v\xe9", "Cookie": "a=b"})
    host, port = server.address()
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"] == "/a b/\xc3\xa9", "bytes as latin-1"
    assert environ["QUERY_STRING"] == "q=%20&r"
    assert environ["SERVER_PORT"] == str(port)
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["HTTP_X_SOME_THING"] == "v\xe9"
    assert environ["HTTP_COOKIE"] == "a=b"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.version"] == "(1, 0)"
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["wsgi.run_once"] is False
    assert environ["wsgi.input_terminated"] is True
    assert environ["wsgi.file_wrapper"] == "<class 'uwsgi.FileWrapper'>"


@pytest.mark.parametrize(
    "args, threads, processes", [((), False, False), (("--threads", "2"), True, False), (("--processes", "2"), False, True)]
)
def test_environ_is_honest_about_threads_and_processes(wsgi, args, threads, processes):
    environ = environ_of(wsgi(ENVIRON, *args))
    assert (environ["wsgi.multithread"], environ["wsgi.multiprocess"]) == (threads, processes)


def test_each_request_has_an_environ_of_its_own(wsgi):
    source = """
kept = []
def application(environ, start_response):
    fresh = "mark" not in environ
    environ["mark"] = environ["HTTP_X_ONLY_ONCE"] if "HTTP_X_ONLY_ONCE" in environ else ""
    kept.append(environ)
    start_response("200 OK", [])
    return [repr((fresh, [e["PATH_INFO"] for e in kept], "HTTP_X_ONLY_ONCE" in environ)).encode()]
"""
    server = wsgi(source)
    assert server.get("/1", headers={"X-Only-Once": "y"}).text == "(True, ['/1'], True)"
    assert server.get("/2").text == "(True, ['/1', '/2'], False)"


def test_many_different_header_names_do_not_disturb_each_other(wsgi):
    server = wsgi(ENVIRON)
    for start in range(0, 2000, 40):
        headers = {"X-Name-%d" % i: "value %d" % i for i in range(start, start + 40)}
        environ = environ_of(server, headers=headers)
        for name, value in headers.items():
            assert environ["HTTP_" + name.upper().replace("-", "_")] == value


def test_a_variable_of_the_frontend_cannot_replace_the_servers_own(mortise):
    server = mortise("--socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": ENVIRON})
    answer = server.uwsgi_request({"wsgi.url_scheme": "evil", "wsgi.input": "evil", "uwsgi.version": "evil"})
    assert b"evil" not in answer


@pytest.mark.parametrize(
    "variables, scheme", [({}, "http"), ({"HTTPS": "on"}, "https"), ({"UWSGI_SCHEME": "https"}, "https"), ({"REQUEST_SCHEME": "https"}, "https")]
)
def test_url_scheme_is_what_the_frontend_says(mortise, variables, scheme):
    server = mortise("--socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": ENVIRON})
    assert ('"wsgi.url_scheme": "%s"' % scheme).encode() in server.uwsgi_request(variables)


# ---- input ----

INPUT = """
def application(environ, start_response):
    i = environ["wsgi.input"]
    got = eval(environ["HTTP_X_CALL"], {"i": i})
    start_response("200 OK", [])
    return [repr(got).encode()]
"""


@pytest.mark.parametrize(
    "call, expected",
    [
        ("i.read()", b"one\ntwo\n\nfour"),
        ("i.read(-1)", b"one\ntwo\n\nfour"),
        ("i.read(None)", b"one\ntwo\n\nfour"),
        ("i.read(5)", b"one\nt"),
        ("i.read(0)", b""),
        ("[i.read(4), i.read(100), i.read(1)]", [b"one\n", b"two\n\nfour", b""]),
        ("i.readline()", b"one\n"),
        ("[i.readline(2), i.readline(), i.readline(0), i.readline(-1)]", [b"on", b"e\n", b"", b"two\n"]),
        ("i.readlines()", [b"one\n", b"two\n", b"\n", b"four"]),
        ("i.readlines(5)", [b"one\n", b"two\n"]),
        ("list(i)", [b"one\n", b"two\n", b"\n", b"four"]),
        ("[next(iter(i)), i.read()]", [b"one\n", b"two\n\nfour"]),
    ],
)
def test_wsgi_input_reads_like_a_file(wsgi, call, expected):
    server = wsgi(INPUT)
    for request in (dict(body=b"one\ntwo\n\nfour"), dict(body=iter([b"one\nt", b"wo\n\nfour"]), encode_chunked=True)):
        headers = {"X-Call": call}
        if "encode_chunked" in request:
            headers["Transfer-Encoding"] = "chunked"
        assert server.request("POST", headers=headers, **request).text == repr(expected)


def test_a_large_body_arrives_whole(wsgi):
    source = """
import hashlib
def application(environ, start_response):
    digest = hashlib.sha256()
    total = 0
    while True:
        data = environ["wsgi.input"].read(int(environ["QUERY_STRING"]))
        if not data:
            break
        total += len(data)
        digest.update(data)
    start_response("200 OK", [])
    return [b"%d %s" % (total, digest.hexdigest().encode())]
"""
    import hashlib

    data = bytes(range(256)) * 20000
    expected = "%d %s" % (len(data), hashlib.sha256(data).hexdigest())
    server = wsgi(source)
    for size in ("-1", "1000", "100000", "10000000"):
        assert server.request("POST", "/?" + size, data).text == expected


def test_a_body_that_stops_short_raises_in_read(wsgi):
    source = """
def application(environ, start_response):
    environ["wsgi.input"].read()
"""
    server = wsgi(source)
    with server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    server.wait_for_log("python: POST /: the request body is incomplete: the client closed the connection\n")
    assert "Traceback" not in server.log


def test_an_application_may_catch_that_its_body_stopped_short(wsgi):
    server = wsgi(
        """
def application(environ, start_response):
    try:
        environ["wsgi.input"].read()
    except OSError as error:
        print("caught:", error, flush=True)
    raise ValueError("of its own")
"""
    )
    with server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    server.wait_for_log("caught: the request body is incomplete: the client closed the connection")
    server.wait_for_log("ValueError: of its own")


def test_a_body_that_was_not_read_does_not_disturb_the_next_request(wsgi):
    server = wsgi(HELLO)
    with server.connect() as sock:
        request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
        sock.sendall(request + request)
        received = b""
        while received.count(b"HelloWorld") < 2:
            data = sock.recv(4096)
            assert data
            received += data


def test_what_is_kept_beyond_the_request_says_so(wsgi):
    source = """
kept = {}
def application(environ, start_response):
    answer = []
    if kept:
        for call in (lambda: kept["input"].read(), lambda: kept["start"]("200 OK", []), lambda: kept["write"](b"x")):
            try:
                call()
            except (ValueError, RuntimeError) as error:
                answer.append(str(error))
    kept.update(input=environ["wsgi.input"], start=start_response, write=start_response("200 OK", []))
    return ["\\n".join(answer).encode()]
"""
    server = wsgi(source)
    assert server.get().body == b""
    assert server.get().text.split("\n") == [
        "wsgi.input was read after its request had ended",
        "start_response was called after its request had ended",
        "write was called after its request had ended",
    ]


# ---- file_wrapper and errors ----

FILES = """
import gzip, io
open("data", "wb").write(bytes(range(256)) * 1000)
with gzip.open("data.gz", "wb") as packed:
    packed.write(b"unpacked")

class Reader:
    def __init__(self):
        self.left = 3
    def read(self, size):
        self.left -= 1
        return b"r" * size if self.left >= 0 else b""
    def close(self):
        print("reader closed", flush=True)

def application(environ, start_response):
    kind, headers = environ["PATH_INFO"], []
    file = (io.BytesIO(b"from memory") if kind == "/memory" else gzip.open("data.gz") if kind == "/gzip"
            else Reader() if kind == "/reader" else open("data", "rb", 0 if kind == "/raw" else -1))
    if kind == "/part":
        file.seek(255000)
    if kind == "/end":
        file.seek(0, 2)
    if kind == "/length":
        headers = [("Content-Length", "10")]
    start_response("200 OK", headers)
    return environ["wsgi.file_wrapper"](file, 5) if kind == "/reader" else environ["wsgi.file_wrapper"](file)
"""
DATA = bytes(range(256)) * 1000


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/file", DATA),
        ("/raw", DATA),
        ("/part", DATA[255000:]),
        ("/end", b""),
        ("/length", DATA[:10]),
        ("/memory", b"from memory"),
        ("/gzip", b"unpacked"),
        ("/reader", b"r" * 15),
    ],
)
def test_file_wrapper_sends_what_read_would_return(wsgi, path, expected):
    server = wsgi(FILES)
    answer = server.get(path)
    assert answer.body == expected
    if path in ("/file", "/raw", "/part"):
        assert answer.headers["content-length"] == str(len(expected))
    if path == "/reader":
        server.wait_for_log("reader closed")


def test_file_wrapper_can_be_left_out(wsgi):
    assert "wsgi.file_wrapper" not in environ_of(wsgi(ENVIRON, "--wsgi-disable-file-wrapper"))


def test_wsgi_errors_goes_to_the_log_line_by_line(wsgi):
    source = """
def application(environ, start_response):
    errors = environ["wsgi.errors"]
    print("printed", 1, file=errors)
    errors.write("caf\\u00e9 ")
    errors.writelines(["and ", "more\\n", "rest"])
    errors.flush()
    start_response("200 OK", [])
    return [b""]
"""
    server = wsgi(source)
    server.get()
    server.wait_for_log("(?m)printed 1$")
    server.wait_for_log("(?m)caf\u00e9 and more$")
    server.wait_for_log("(?m)rest$")


def test_prints_appear_in_the_log_at_once(wsgi):
    server = wsgi("def application(e, s):\n    print('said', e['PATH_INFO'])\n    s('200 OK', [])\n    return [b'']\n")
    server.get("/x")
    server.wait_for_log("(?m)^said /x$")


# ---- wsgiref.validate ----

VALIDATED = """
import io
from wsgiref.validate import validator

def inner(environ, start_response):
    path = environ["PATH_INFO"]
    headers = [("Content-Type", "text/plain")]
    if path == "/input":
        data = environ["wsgi.input"].read(4) + environ["wsgi.input"].readline() + b"".join(environ["wsgi.input"].readlines())
        data += b"".join(environ["wsgi.input"])
        start_response("200 OK", headers)
        return [data]
    if path == "/write":
        start_response("200 OK", headers)(b"written ")
        return [b"returned"]
    if path == "/generator":
        start_response("200 OK", headers)
        return (part for part in [b"a", b"b"])
    if path == "/errors":
        environ["wsgi.errors"].write("written\\n")
        environ["wsgi.errors"].writelines(["lines\\n"])
        environ["wsgi.errors"].flush()
    if path == "/none":
        start_response("204 No Content", [])
        return []
    if path == "/file":
        start_response("200 OK", headers)
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    start_response("200 OK", headers)
    return [b"list"]

application = validator(inner)
"""


def test_wsgiref_validate_finds_nothing(wsgi):
    server = wsgi(VALIDATED)
    assert server.get("/list?a=b").body == b"list"
    assert server.request("HEAD", "/list").status == 200
    assert server.get("/write").body == b"written returned"
    assert server.get("/generator").body == b"ab"
    assert server.get("/errors").body == b"list"
    assert server.get("/none").status == 204
    assert server.get("/file").body == server.folder.joinpath("app.py").read_bytes()
    assert server.request("POST", "/input", b"abcd\nef\ngh\nij").body == b"abcd\nef\ngh\nij"
    assert server.request("POST", "/input", iter([b"abcd", b"\nef\n"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}).body == b"abcd\nef\n"
    wait_until(lambda: server.log.count("=> generated") >= 9)
    assert "Error" not in re.sub("(?m)^.*=> generated.*$", "", server.log)
    assert "Warning" not in server.log


def test_requests_of_one_shape_get_environs_of_their_own_values(wsgi):
    server = wsgi(
        """
import json
def application(environ, start_response):
    shown = {k: v for k, v in environ.items() if k.startswith("HTTP_") or k in ("PATH_INFO", "QUERY_STRING")}
    environ.clear()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(shown, sort_keys=True).encode("latin-1")]
"""
    )
    import http.client
    import json
    import random

    chance = random.Random(1)
    names = ["Accept", "Authorization", "Cookie", "Cache-Control", "X-One", "X-Two", "Referer"]
    connection = http.client.HTTPConnection(*server.address(), timeout=10)
    for round_ in range(400):
        chosen = names if round_ % 3 else chance.sample(names, chance.randrange(len(names)))
        headers = {name: "%s %d" % (name, chance.randrange(3) if round_ % 50 > 10 else round_) for name in chosen}
        headers["Host"] = "host%d" % chance.randrange(2)
        path, query = "/p%d" % chance.randrange(5), "q=%d" % round_
        connection.putrequest("GET", path + "?" + query, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        got = json.loads(connection.getresponse().read())
        expected = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
        expected.update(PATH_INFO=path, QUERY_STRING=query)
        assert {name: got.get(name) for name in expected} == expected
        assert {name for name in got if name.startswith("HTTP_")} - set(expected) <= {"HTTP_CONNECTION"}
