"""What an application may answer, and what becomes of it on both ways: the rules of RFC 9110 and 9112 for who sends a response."""

import email.utils
import time

import pytest

from http_wire import GATEWAY, WAYS, Wire
from mortise import BUILD, Mortise

ANSWER = BUILD / "fixtures" / "http_answer_plugin.so"
OK = "S 200 OK\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = Mortise(
        tmp_path_factory.mktemp("answers"), "--plugin", ANSWER, "--http-socket", "127.0.0.1:0", "--http", "127.0.0.1:0",
        "--processes=1", "--threads=2", "--disable-logging",
    )
    try:
        started.wait_for_log(GATEWAY)
        yield started
    finally:
        started.stop()


def ask(server, way, script, method="POST", version="1.1", headers=""):
    """The raw head and the answer, parsed, and whether a second request was served on the same connection."""
    request = "%s / HTTP/%s\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n%s" % (method, version, len(script), headers, script)
    with Wire(server, way) as wire:
        wire.send(request)
        while b"\r\n\r\n" not in wire.buffer:
            wire._more()
        head = wire.buffer.split(b"\r\n\r\n")[0]
        answer = wire.response(method)
        try:
            wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nS 299 Next\n\n"[:-1])
            served = wire.response().status == 299
        except (EOFError, OSError):
            served = False
        return head, answer, served


@pytest.fixture(params=WAYS)
def answer(server, request):
    return lambda *args, **kwargs: ask(server, request.param, *args, **kwargs)


@pytest.mark.parametrize(
    "script",
    [
        "S 200 OK%0d%0aX: y\n", "S 200 O%0aK\n", "S 200 O%00K\n", "S 200 O%0dK\n", "S 200 %7f\n", "S 200 %1b[0m\n", "S 2000 OK\n", "S 20\n",
        "S 200OK\n", "S  200 OK\n", "S +20 OK\n", "S abc\n", "S 099 Low\n", "S 600 High\n", "S 100 Continue\n", "S 103 Early Hints\n",
        OK + "H X|a%0d%0aY: b\n", OK + "H X|a%0a b\n", OK + "H X|a%0d\n", OK + "H X|a%00\n", OK + "H X|a%01\n", OK + "H X|a%7f\n", OK + "H X|a%0b\n",
        OK + "H X%0d%0aY|b\n", OK + "H X%00|b\n", OK + "H X |b\n", OK + "H  X|b\n", OK + "H X:|b\n", OK + "H |b\n", OK + "H X%e9|b\n", OK + "H X(|b\n",
        OK + "H Content-Length|5x\n", OK + "H Content-Length|+5\n", OK + "H Content-Length|-1\n", OK + "H Content-Length|5, 5\n", OK + "H Content-Length|\n",
        OK + "H Content-Length|0x5\n", OK + "H Content-Length|18446744073709551616\n", OK + "H Content-Length|5\nH content-length|6\n",
        OK + "H Content-Length|5\nH Transfer-Encoding|chunked\nB 0%0d%0a%0d%0a\n", OK + "H Transfer-Encoding|chunked\nH Content-Length|5\n",
        OK + "H Transfer-Encoding|chunked\nH Transfer-Encoding|chunked\n", OK + "H Transfer-Encoding|gzip, chunked\n",
        OK + "H Transfer-Encoding|xchunked\nB 0%0d%0a%0d%0a\n", "S 101 Switching Protocols\nH Upgrade|x\nH Connection|upgrade\nB raw\n",
    ],
)
def test_an_answer_that_a_client_could_misread_is_a_500(answer, script):
    head, got, served = answer(script)
    assert got.status == 500 and b"\r\nX: y" not in head and b"\r\nY: b" not in head
    assert got.headers["content-length"] == str(len(got.body))


def test_the_cause_of_an_answer_that_is_not_sent_is_logged(server):
    ask(server, "socket", OK + "H Content-Length|5\nH Transfer-Encoding|chunked\n")
    server.wait_for_log(r"http: the answer to POST / is not sent: it has both Content-Length and Transfer-Encoding \(answered 500\)")


def test_the_version_is_ours_whatever_the_client_has(answer):
    for version in ("1.0", "1.1", "1.7"):
        assert answer(OK, version=version)[0].startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_status_without_a_reason_keeps_its_space(answer):
    """RFC 9112 4: it is sent even when the reason is absent."""
    assert answer("S 204\n")[0].startswith(b"HTTP/1.1 204 \r\n")


@pytest.mark.parametrize("value", ["a\tb", "caf%c3%a9", "%e9", ""])
def test_values_may_have_tabs_and_high_bytes(answer, value):
    head, got, _ = answer(OK + "H X|%s\n" % value)
    assert got.status == 200 and b"\r\nX: " in head


def test_an_answer_has_a_date_and_no_name_of_the_server(answer):
    """RFC 9110 6.6.1: an origin server with a clock sends a Date."""
    _, got, _ = answer(OK)
    assert abs(email.utils.parsedate_to_datetime(got.headers["date"]).timestamp() - time.time()) < 5
    assert "server" not in got.headers
    _, got, _ = answer(OK + "H Date|Sun, 06 Nov 1994 08:49:37 GMT\n")
    assert [value for name, value in got.header_list if name == "date"] == ["Sun, 06 Nov 1994 08:49:37 GMT"]


def test_an_answer_without_a_length_is_chunked_for_1_1_and_ends_with_the_connection_for_1_0(answer):
    """RFC 9112 6.1, 6.3."""
    _, got, served = answer(OK + "B hello\n")
    assert (got.headers["transfer-encoding"], got.body, served) == ("chunked", b"hello", True)
    _, got, served = answer(OK + "B hello\n", version="1.0", headers="Connection: keep-alive\r\n")
    assert ("transfer-encoding" in got.headers, got.body, got.closes, served) == (False, b"hello", True, False)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_statuses_without_a_body_get_none(answer, status):
    """RFC 9112 6.3, RFC 9110 8.6: and 204 has no Content-Length."""
    _, got, served = answer("S %s\nH Content-Length|5\nH Transfer-Encoding|chunked\nB hello\n" % status if "204" in status
                            else "S %s\nH Content-Length|5\nB hello\n" % status)
    assert served and got.status == int(status[:3])
    assert "transfer-encoding" not in got.headers and ("content-length" in got.headers) == ("304" in status)


def test_the_answer_to_head_has_the_length_and_no_body(answer):
    _, got, served = answer(OK + "H Content-Length|5\nB hello\n", method="HEAD")
    assert (got.headers["content-length"], served) == ("5", True)


def test_a_body_longer_than_its_length_is_cut_and_a_shorter_one_ends_the_connection(answer):
    assert answer(OK + "H Content-Length|5\nB hello world\n")[1].body == b"hello"
    with pytest.raises(EOFError):
        answer(OK + "H Content-Length|50\nB hello\n")


def test_the_same_length_twice_is_sent_once(answer):
    _, got, served = answer(OK + "H Content-Length|5\nH Content-Length|05\nB hello\n")
    assert ([value for name, value in got.header_list if name == "content-length"], got.body, served) == (["5"], b"hello", True)


def test_an_application_may_send_chunks_of_its_own(answer):
    _, got, _ = answer(OK + "H Transfer-Encoding|chunked\nB 5%0d%0ahello%0d%0a0%0d%0a%0d%0a\n")
    assert got.body == b"hello"


@pytest.mark.parametrize("value, closes, shown", [("close", True, ["close"]), ("Close", True, ["close"]), ("keep-alive", False, []), ("keep-alive, close", True, ["close"])])
def test_connection_of_the_application_is_a_wish(answer, value, closes, shown):
    """RFC 9112 9.6: who sends close closes."""
    _, got, served = answer(OK + "H Connection|%s\nH Content-Length|0\n" % value)
    wants = [value for name, value in got.header_list if name == "connection"]
    assert (wants, served) in ((shown, not closes), ([], True))  # a gateway's own connection to the client may live on


def test_an_upgrade_is_for_who_asked_for_it(answer):
    """RFC 9110 7.8: and never for HTTP/1.0."""
    script = "S 101 Switching Protocols\nH Upgrade|x\nH Connection|upgrade\nB raw\n"
    wish = "Connection: upgrade\r\nUpgrade: x\r\n"
    assert answer(script, headers=wish)[1].status == 101
    assert answer(script, headers=wish, version="1.0")[1].status == 500
    assert answer(script, headers="Upgrade: x\r\n")[1].status == 500
