"""Functions by name: within a server, from other servers, over HTTP, in C and in Python."""

import struct

import pytest

from mortise import BUILD, read_all, run

FIXTURE = ("--plugin", "5:%s" % (BUILD / "fixtures/rpc_fixture_plugin.so"))
EVAL = """
import uwsgi

uwsgi.register_rpc("hello", lambda *args: b"hello " + b" ".join(args))
uwsgi.register_rpc("fails", lambda: 1 / 0)
uwsgi.register_rpc("nothing", lambda: None)

def application(environ, start_response):
    try:
        value = eval(environ["HTTP_X_EVAL"])
    except Exception as error:
        value = str(error)
    start_response("200 OK", [])
    return [repr(value).encode()]
"""


@pytest.fixture
def fixture(mortise):
    def start(*args):
        return mortise(*FIXTURE, "--http-socket", "127.0.0.1:0", "--http-socket-modifier1", "5", "--socket", "127.0.0.1:0", *args)

    return start


def packet(server, modifier1, modifier2, payload=b""):
    with server.connect("uwsgi") as sock:
        sock.sendall(struct.pack("<BHB", modifier1, len(payload), modifier2) + payload)
        return read_all(sock)


def array(*items):
    return b"".join(struct.pack("<H", len(item)) + item for item in items)


def address(server):
    return "%s:%d" % server.address("uwsgi")


def test_a_function_is_called_within_the_server_and_in_another_one(fixture):
    far, near = fixture(), fixture()
    assert near.get("/call/reverse/abc").body == b"cba"
    assert near.get("/call/reverse@%s/abc" % address(far)).body == b"cba"
    assert near.get("/call/bytes@%s/200000" % address(far)).body == b"x" * 200000
    assert near.get("/call/none@%s/abc" % address(far)).status == 404
    near.wait_for_log(r"call of 'none' at \S+: no answer \(is there such a function, and modifier 173\?\)")


def test_a_call_without_the_arguments_that_a_function_takes_is_not_made(fixture):
    server = fixture()
    assert server.get("/call/reverse").status == 404
    server.wait_for_log("function 'reverse' not called: it takes 1 arguments and was given 0")


def test_calls_over_the_uwsgi_protocol(fixture):
    server = fixture()
    assert packet(server, 173, 0, array(b"reverse", b"abc")) == b"\xad\x03\x00\x00cba"
    assert packet(server, 173, 1, array(b"reverse", b"abc")) == b"cba"
    long = packet(server, 173, 0, array(b"bytes", b"65536"))
    assert long[:4] == b"\xad\x17\x00\x05" and long[4:27] == array(b"CONTENT_LENGTH", b"65536") and long[27:] == b"x" * 65536
    for bad in (b"", b"\x01", b"\xff\xff", b"\x00" * 600):
        assert not packet(server, 173, 0, bad).startswith(b"\xad")
    assert server.get("/call/reverse/abc").body == b"cba"


def test_a_call_by_path_is_a_web_service(mortise):
    server = mortise(*FIXTURE, "--http-socket", "127.0.0.1:0", "--http-socket-modifier1", "173", "--http-socket-modifier2", "2")
    assert server.get("/reverse/abc").body == b"cba"
    assert server.get("/reverse/abc", headers={"Accept": "text/x-reversed"}).headers["content-type"] == "text/x-reversed"
    assert server.get("/none").status == 404
    assert server.get("/").status == 404


def test_pings_and_signals_are_answered(fixture):
    server = fixture()
    assert packet(server, 100, 0) == b"\x64\x00\x00\x01"
    assert packet(server, 110, 17) == b"\xff\x00\x00\x00"  # nobody registered it


def test_more_functions_than_rpc_max_are_refused(tmp_path):
    done = run(tmp_path, *FIXTURE, "--rpc-max", "1", "--socket", "127.0.0.1:0")
    assert done.returncode != 0
    assert "function 'bytes' not registered: there are 1 (raise rpc-max)" in done.stdout


def test_python_offers_and_calls_functions(wsgi, fixture):
    far = fixture()
    server = wsgi(EVAL, "--processes", "2", "--threads", "2", "--socket", "127.0.0.1:0")

    def ask(expression):
        return eval(server.get(headers={"X-Eval": expression}).text)

    assert ask("uwsgi.call('hello', 'a', b'b')") == b"hello a b"
    assert ask("uwsgi.rpc(None, 'hello')") == b"hello "
    assert ask("uwsgi.call('nothing')") == b""
    assert ask("uwsgi.call('reverse@%s', 'abc')" % address(far)) == b"cba"
    assert ask("uwsgi.rpc('%s', b'reverse', 'abc')" % address(far)) == b"cba"
    assert ask("uwsgi.rpc('%s', 'hello', 'x')" % address(server)) == b"hello x"
    assert ask("sorted(uwsgi.rpc_list())") == [b"fails", b"hello", b"nothing"]
    assert "unable to call" in ask("uwsgi.call('fails')")
    server.wait_for_log("ZeroDivisionError")
    assert packet(server, 173, 0, array(b"hello", b"you")) == b"\xad\x09\x00\x00hello you"
    assert packet(server, 110, 0) == b"\xff\x00\x00\x00"
