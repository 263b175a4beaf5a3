"""What request lines say (log-format and its variables) and which requests have one."""

import json
import re
import time

import pytest

from mortise import wait_for_text

APP = """
import time
def application(env, start_response):
    import uwsgi
    path = env['PATH_INFO']
    if path == '/logvar':
        uwsgi.set_logvar('who', 'me "and" you')
    if path == '/slow':
        time.sleep(0.06)
    status = path[1:] + ' X' if path[1:].isdigit() else '200 OK'
    body = b'' if path == '/empty' else b'x' * 5000 if path == '/big' else b'hello'
    start_response(status, [('Content-Length', str(len(body))), ('X-Y', 'z')])
    return [body]
"""


def line_of(server, pattern):
    return server.wait_for_log(re.compile(pattern, re.M)).group()


@pytest.fixture
def line(wsgi):
    """line(format, path, headers): the request line of one request."""

    def of(log_format, path="/a?b=c", headers=None, method="GET", body=None, args=()):
        server = wsgi(APP, "--log-format", "<<" + log_format + ">>", *args)
        server.request(method, path, body, headers or {})
        return line_of(server, r"^<<.*>>$")[2:-2]

    return of


def test_variables_of_the_request(line):
    told = line(
        "%(method) %(uri) %(proto) %(status) %(user) %(host) %(uagent) %(referer) %(addr) %(cl) %(vars)",
        headers={"User-Agent": "me", "Referer": "there", "Host": "here"}, method="POST", body=b"abc")
    assert re.fullmatch(r"POST /a\?b=c HTTP/1\.1 200 - here me there 127\.0\.0\.1 3 \d+", told)


def test_sizes_and_times(line):
    now = time.time()
    told = line("%(rsize) %(size) %(hsize) %(headers) %(micros) %(msecs) %(secs) %(time) %(tmsecs) %(tmicros) %(epoch)", "/slow")
    rsize, size, hsize, headers, micros, msecs, seconds, started, tmsecs, tmicros, epoch = map(float, told.split())
    assert (rsize, headers, size) == (5, 2, hsize + 5)
    assert micros // 1000 == msecs >= 60 and seconds == pytest.approx(micros / 1e6)
    assert abs(started - now) < 5 and abs(epoch - now) < 5
    assert tmsecs // 1000 == started and tmicros // 1e6 == started


def test_dates(line):
    told = line("%(ctime)|%(ltime)|%(ftime)|%(strftime:%H-%M)", args=("--log-date=[%Y]",))
    assert re.fullmatch(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\|\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\|\[\d{4}\]\|\d\d-\d\d", told)


def test_the_process(line):
    told = line("%(pid) %(wid) %(core) %(switches) %(rss) %(vsz) %(rssM) %(vszM) %(pktsize) %(modifier1) %(modifier2) %(rerr) %(werr) %(ioerr)")
    pid, wid, core, switches, rss, vsz, rss_m, vsz_m, pktsize, *rest = map(int, told.split())
    assert pid > 1 and (wid, core, switches) == (1, 0, 1)
    assert vsz > rss > 1 << 20 and (rss_m - (rss >> 20)) in (0, 1) and vsz_m == vsz >> 20
    assert pktsize > 50 and rest == [0] * 5


def test_any_variable_of_the_request_and_log_variables(line):
    told = line("%(var.HTTP_X_TRACE) %(REQUEST_URI) %(who) %(absent) %(var.ABSENT)", "/logvar", {"X-Trace": "17"})
    assert told == '17 /logvar me "and" you - -'


def test_a_format_in_which_percent_signs_are_just_that(line):
    assert line("100% %x %% %(uri", "/") == "100% %x %% %(uri"


def test_the_text_of_a_format_may_be_a_date(wsgi):
    server = wsgi(APP, "--log-format", "at %Y %(method)", "--log-format-strftime")
    server.get("/")
    line_of(server, r"^at \d{4} GET$")


def test_input_cannot_forge_lines(wsgi):
    server = wsgi(APP, "--socket", "u.sock", "--log-format", "<<%(uagent)>>")
    server.uwsgi_request({"HTTP_USER_AGENT": "a\nb\x1b[1m"})
    assert line_of(server, "^<<.*>>$") == "<<a\\x0ab\\x1b[1m>>"


def test_a_json_format_is_valid_json_whatever_the_client_sends(wsgi):
    server = wsgi(APP, "--log-format", '{"uri":"%(uri)","agent":"%(uagent)","status":%(status),"who":"%(who)"}')
    server.request("GET", "/logvar", headers={"User-Agent": 'q"uo\\te \xe9\tend'})
    told = json.loads(line_of(server, r"^\{.*\}$"))
    assert told == {"uri": "/logvar", "agent": 'q"uo\\te \ufffd\tend', "status": 200, "who": 'me "and" you'}


def test_log_format_json_is_a_format_of_its_own(wsgi):
    server = wsgi(APP, "--log-format", "json")
    server.get("/x?y")
    told = json.loads(line_of(server, r"^\{.*\}$"))
    assert told["uri"] == "/x?y" and told["status"] == 200 and told["size"] == 5 and told["worker"] == 1


def test_the_address_can_be_that_of_the_forwarding_proxy(line):
    assert line("%(addr)", headers={"X-Forwarded-For": "192.0.2.7"}, args=("--log-x-forwarded-for", "--http-trusted-proxy", "*")) == "192.0.2.7"


def test_microseconds_and_prefixes(wsgi):
    server = wsgi(APP, "--log-micros", "--log-prefix=web1", "--log-date=<%Y>")
    server.get("/")
    line_of(server, r"generated 5 bytes in \d+ micros \(HTTP/1\.1 200\)")
    line_of(server, r"^<\d{4}> web1 worker 1 \(pid \d+\) started")


def test_a_format_of_a_long_line(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--log-format", "%(uri)")
    server.get("/" + "y" * 20000)
    wait_for_text(server.folder / "a.log", "/" + "y" * 20000 + "\n")


@pytest.mark.parametrize("args, logged, silent", [
    ((), ["/404", "/500"], ["/"]),
    (("--log-zero",), ["/empty", "/404"], ["/"]),
    (("--log-slow", "50"), ["/slow"], ["/"]),
    (("--log-big", "4000"), ["/big"], ["/"]),
])
def test_without_logging_some_requests_are_told_in_any_case(wsgi, args, logged, silent):
    server = wsgi(APP, "--disable-logging", "--log-format", "told %(uri)", *args)
    for path in [*silent, *logged]:
        server.get(path)
    for path in logged:
        line_of(server, "^told %s$" % path)
    for path in silent:
        assert "told %s\n" % path not in server.log
