"""Routes: options in real configurations, requests that they act on, and values that are refused."""

import http.client
import re

import pytest

from http_wire import PROBE
from mortise import run


@pytest.fixture
def routed(mortise):
    """start([route lines]): a server whose application shows the request's variables at /vars."""

    def start(*lines, args=(), files=None):
        ini = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nplugin = %s\nthreads = 2\n%s\n" % (PROBE, "\n".join(lines))
        return mortise("--ini", "app.ini", *args, files={"app.ini": ini, **(files or {})})

    return start


def variables(server, path="/vars", **kwargs):
    answer = server.get(path, **kwargs)
    assert answer.status == 200, answer.text
    return dict(line.split("=", 1) for line in answer.text.splitlines() if "=" in line)


def variable(server, name, **kwargs):
    return variables(server, **kwargs).get(name)


def test_requests_that_match_no_route_reach_the_application(routed):
    server = routed("route = ^/nothing return:404")
    assert server.get("/").text == "hello"


def test_health_checks_are_answered_and_not_logged(routed):
    server = routed("route = ^/healthz donotlog:")
    assert server.get("/healthz").text == "hello"
    assert server.get("/seen").text == "hello"
    server.wait_for_log("GET /seen")
    assert "/healthz" not in server.log


def test_redirects(routed):
    server = routed("route = ^/old/(.*) redirect:https://example.org/new/$1?from=${HTTP_HOST}", "route = ^/gone redirect-permanent:/here")
    answer = server.get("/old/a/b", headers={"Host": "me"})
    assert (answer.status, answer.headers["location"]) == (302, "https://example.org/new/a/b?from=me")
    answer = server.get("/gone")
    assert (answer.status, answer.headers["location"]) == (301, "/here")


def test_a_line_end_in_the_path_does_not_become_a_header(routed):
    server = routed("route = ^/old/(?s)(.*) redirect:/new/$1")
    answer = server.get("/old/a%0d%0aSet-Cookie:%20x=1")
    assert answer.status == 400
    assert "set-cookie" not in answer.headers


def test_rewrites_change_path_and_query(routed):
    server = routed("route = ^/item/(\\d+)$ rewrite:/vars?id=$1", "route = ^/last rewrite-last:/vars", "route = ^/vars addvar:SEEN=yes")
    got = variables(server, "/item/42?x=1")
    assert (got["PATH_INFO"], got["QUERY_STRING"], got["SEEN"]) == ("/vars", "id=42&x=1", "yes")
    got = variables(server, "/last")
    assert got["PATH_INFO"] == "/vars" and "SEEN" not in got


def test_returns_and_breaks(routed):
    server = routed("route = ^/return$ return:403", "route = ^/reason return:503 Down for an hour", "route = ^/break break:404 Not Found",
                    "route = ^/204 return:204", "route = ^/close break:")
    answer = server.get("/return")
    assert (answer.status, answer.text) == (403, "Forbidden")
    answer = server.get("/reason")
    assert (answer.status, answer.text) == (503, "Down for an hour")
    answer = server.get("/break")
    assert (answer.status, answer.text) == (404, "")
    assert server.get("/204").status == 204
    with pytest.raises((http.client.BadStatusLine, ConnectionError)):
        server.get("/close")


def test_each_subject_has_its_option(routed):
    server = routed(
        "route-host = ^a\\. addvar:HOST=1",
        "route-uri = ^/vars\\?.*x=1 addvar:URI=1",
        "route-qs = x=(\\d) addvar:QS=$1",
        "route-remote-addr = ^127\\.0\\.0\\.1$ addvar:ADDR=1",
        "route-user-agent = (?i)curl addvar:AGENT=1",
        "route-referer = example addvar:REFERER=1",
        "route-remote-user = ^foo$ addvar:USER=1",
    )
    got = variables(server, "/vars?x=1", headers={"Host": "a.b", "User-Agent": "Curl/8", "Referer": "http://example/"})
    assert [got.get(name) for name in ("HOST", "URI", "QS", "ADDR", "AGENT", "REFERER", "USER")] == ["1"] * 6 + [None]


def test_actions_run_in_order_and_labels_are_jumped_to(routed):
    server = routed(
        "route-run = addvar:A=1",
        "route = ^/vars goto:end",
        "route-run = addvar:A=2",
        "route-label = end",
        "route-run = addvar:B=${A}",
    )
    got = variables(server)
    assert (got["A"], got["B"]) == ("1", "1")


@pytest.mark.parametrize("lines", [["route = ^/x goto:top"], ["route-label = top", "route = ^/x goto:top"], ["error-route-label = top", "route = ^/x goto:top"]])
def test_a_jump_to_a_label_that_is_not_further_on_is_refused(tmp_path, lines):
    (tmp_path / "app.ini").write_text("[uwsgi]\nhttp-socket = 127.0.0.1:0\nplugin = %s\n%s\n" % (PROBE, "\n".join(lines)))
    done = run(tmp_path, "--ini", "app.ini")
    assert done.returncode == 64
    assert "route = '^/x goto:top': there is no label 'top' further on (jumps go forward only, and within the same kind of routes)\n" in done.stdout


def test_a_label_that_only_the_request_tells_and_that_is_absent_is_answered_500(routed):
    server = routed("route = ^/to/(.*) goto:$1", "route-run = addvar:A=1", "route-label = end")
    assert server.get("/to/nowhere").status == 500
    server.wait_for_log(re.escape("goto:nowhere: there is no such label further on (the request ends here)"))
    assert server.get("/to/end").text == "hello"


@pytest.mark.parametrize("condition, holds", [
    ("exists:app.ini", True), ("exists:/nowhere", False), ("isfile:app.ini", True), ("isdir:app.ini", False), ("isdir:/tmp", True),
    ("islink:app.ini", False), ("isexec:/bin/sh", True), ("isexec:app.ini", False),
    ("equal:${REQUEST_METHOD};GET", True), ("eq:${REQUEST_METHOD};POST", False),
    ("startswith:${PATH_INFO};/va", True), ("endswith:${PATH_INFO};rs", True), ("endswith:${PATH_INFO};x", False),
    ("contains:${HTTP_USER_AGENT};bot", True), ("contains:${HTTP_USER_AGENT};cat", False),
    ("empty:${HTTP_NOTHING}", True), ("empty:${PATH_INFO}", False),
    ("regexp:${HTTP_USER_AGENT};^good(bot)", True), ("re:${HTTP_USER_AGENT};^evil", False),
    ("ishigher:${HTTP_X_N};4", True), ("ishigher:${HTTP_X_N};5", False), ("ishigherequal:${HTTP_X_N};5", True),
    ("islower:${HTTP_X_N};6", True), ("islowerequal:${HTTP_X_N};4", False),
    ("ipv4in:${REMOTE_ADDR};127.0.0.0/8", True), ("ipv4in:${REMOTE_ADDR};10.0.0.0/8", False), ("ipv6in:::1;::/64", True),
    ("lord:x", False),
])
def test_conditions(routed, condition, holds):
    server = routed("route-if = %s addvar:YES=1" % condition, "route-if-not = %s addvar:NO=1" % condition)
    got = variables(server, headers={"User-Agent": "goodbot", "X-N": "5"})
    assert ("YES" in got, "NO" in got) == (holds, not holds)


def test_a_condition_with_a_pattern_gives_its_groups_to_the_action(routed):
    server = routed("route-if = regexp:${HTTP_USER_AGENT};^(\\w+)/(\\d+) addvar:AGENT=$1-$2")
    assert variable(server, "AGENT", headers={"User-Agent": "curl/8"}) == "curl-8"
    assert variable(server, "AGENT", headers={"User-Agent": "none"}) is None


@pytest.mark.parametrize("template, value", [
    ("${cookie[sid]}", "abc"), ("${qs[x]}", "1"), ("${mime[X_FILE]}", "text/css"), ("${math[HTTP_X_N*2+1]}", "11"), ("${math[(1+2]}", ""),
    ("${base64[REQUEST_METHOD]}", "R0VU"), ("${hex[REQUEST_METHOD]}", "474554"), ("${lower[REQUEST_METHOD]}", "get"),
    ("${upper[HTTP_X_LOW]}", "ABC"), ("${uwsgi[wid]}", "1"), ("${uwsgi[nothing]}", ""), ("a${HTTP_HOST}b", "ahostb"), ("$1", "$1"),
    ("${HTTP_EVIL}", "${HTTP_HOST}$1"), ("${unclosed", "${unclosed"), ("cost: 5$", "cost: 5$"), ("${nothing[x]}", ""),
])
def test_references_in_texts(routed, template, value):
    server = routed("route-run = addvar:X_FILE=/a/style.css", "route-run = addvar:RESULT=%s" % template)
    headers = {"Host": "host", "Cookie": "a=b; sid=abc", "X-N": "5", "X-Low": "abc", "Evil": "${HTTP_HOST}$1"}
    assert variable(server, "RESULT", path="/vars?x=1", headers=headers) == value


def test_time_in_texts(routed):
    server = routed("route-run = addvar:UNIX=${time[unix]}", "route-run = addvar:DATE=${httptime[3600]}", "route-run = addvar:ID=${uwsgi[uuid]}")
    got = variables(server)
    assert int(got["UNIX"]) > 1_600_000_000
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", got["DATE"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", got["ID"])


def test_groups_in_names_of_variables(routed):
    server = routed("route-qs = want=(\\w+) addvar:RESULT=${cookie[$1]}")
    assert variable(server, "RESULT", path="/vars?want=b", headers={"Cookie": "a=1; b=2"}) == "2"


def test_the_request_is_changed_for_the_application(routed):
    server = routed("route-run = setscheme:https", "route-run = setscriptname:/app", "route-run = setuser:jane", "route-run = setmethod:PUT",
                    "route-run = seturi:/uri", "route-run = setremoteaddr:10.1.1.1", "route-run = setdocroot:/srv")
    got = variables(server)
    wanted = {"UWSGI_SCHEME": "https", "SCRIPT_NAME": "/app", "REMOTE_USER": "jane", "REQUEST_METHOD": "PUT", "REQUEST_URI": "/uri",
              "REMOTE_ADDR": "10.1.1.1", "DOCUMENT_ROOT": "/srv"}
    assert {name: got.get(name) for name in wanted} == wanted
    server = routed("route = ^/else setpathinfo:/vars")
    assert variable(server, "PATH_INFO", path="/else") == "/vars"
    server = routed("route-run = setscriptname:/app", "route-run = fixpathinfo:")
    assert variable(server, "PATH_INFO", path="/app/vars") == "/vars"


def test_headers_are_added_and_removed(routed):
    server = routed("route-run = addheader:X-Served-By: ${uwsgi[wid]}", "response-route-run = delheader:Content-Type",
                    "response-route-status = 403 addheader:X-Refused: yes")
    answer = server.get("/")
    assert answer.headers["x-served-by"] == "1" and "content-type" not in answer.headers and "x-refused" not in answer.headers
    assert server.get("/unread").headers["x-refused"] == "yes"


def test_responses_written_by_hand(routed):
    server = routed("route = ^/raw disableheaders:", "route = ^/raw send-crnl:HTTP/1.0 200 OK", "route = ^/raw send-crnl:X-A: 1",
                    "route = ^/raw send-crnl:", "route = ^/raw send:by hand", "route = ^/raw break:")
    answer = server.get("/raw")
    assert (answer.status, answer.headers["x-a"], answer.text) == (200, "1", "by hand")


def test_error_routes_answer_in_place_of_the_application(routed):
    server = routed("error-route-status = 403 redirect:/login", "error-route = ^/keep continue:")
    answer = server.get("/unread")
    assert (answer.status, answer.headers["location"]) == (302, "/login")
    assert server.get("/").status == 200


def test_final_routes_come_after_the_response(routed):
    server = routed("final-route = ^/done log:done with ${PATH_INFO}: ${uwsgi[status]} in ${uwsgi[rsize]}")
    assert server.get("/done").status == 200
    server.wait_for_log("done with /done: 200 in 5")


def test_basic_authentication(routed):
    import base64

    def login(text, path="/in"):
        return server.get(path, headers={"Authorization": "Basic " + base64.b64encode(text.encode()).decode()})

    sha = "jane:{SHA}" + base64.b64encode(__import__("hashlib").sha1(b"secret").digest()).decode()
    server = routed("route = ^/in basicauth:My Realm,foo:bar", "route = ^/file basicauth:Realm,users", "route = ^/both basicauth-next:Both,foo:bar",
                    "route = ^/both basicauth:Both,users", "route = . addvar:WHO=${REMOTE_USER}", "route = ^/(in|file|both) rewrite:/vars",
                    files={"users": sha + "\njoe:$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.\n"})
    answer = server.get("/in")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="My Realm"')
    assert login("foo:wrong").status == login("x").status == login("foo:barr").status == 401
    assert "WHO=foo\n" in login("foo:bar").text
    assert "WHO=jane\n" in login("jane:secret", "/file").text
    assert "WHO=joe\n" in login("joe:password", "/file").text
    assert login("jane:wrong", "/file").status == login("none:x", "/file").status == 401
    assert "WHO=foo\n" in login("foo:bar", "/both").text and "WHO=jane\n" in login("jane:secret", "/both").text


def test_hash_and_expires(routed):
    server = routed("route-run = hash:key=${PATH_INFO},var=NODE,items=a;b;c", "route-run = expires:unix=0,value=3600")
    answer = server.get("/vars")
    assert re.search(r"^NODE=[abc]$", answer.text, re.M)
    assert answer.headers["expires"] == "Thu, 01 Jan 1970 01:00:00 GMT"


def test_signals_and_log_lines(routed):
    server = routed("route = ^/log log:seen ${PATH_INFO}", "route-run = logvar:who=${REMOTE_ADDR}")
    assert server.get("/log").status == 200
    server.wait_for_log(r"(?m)seen /log$")


def test_many_threads_keep_their_matches_apart(routed):
    from concurrent.futures import ThreadPoolExecutor

    server = routed("route = ^/n/(\\d+)$ addvar:N=$1", "route = ^/n/ rewrite:/vars")
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda n: "\nN=%d\n" % n in server.get("/n/%d" % n).text, range(200)))


@pytest.mark.parametrize("line, message", [
    ("route = ^/x nothing:", "route = '^/x nothing:': there is no action 'nothing' (there are: "),
    ("route = ^/x", "route = '^/x': there is no action: write it behind a blank, as in '^/old redirect:/new'"),
    ("route = ^/x redirect", "route = '^/x redirect': an action is written name:arguments; the colon stays where there are no arguments"),
    ("route = ^/( continue:", "route = '^/( continue:': its pattern does not compile"),
    ("route = ^/( continue:", "regular expression '^/(': missing closing parenthesis at character 4: ''"),
    ("route-if = nothing:x continue:", "route-if = 'nothing:x continue:': there is no condition 'nothing' (there are: "),
    ("route-if = exists continue:", "route-if = 'exists continue:': a condition is written name:arguments, as in 'exists:/srv/maintenance'"),
    ("error-route-status = abc continue:", "error-route-status = 'abc continue:': 'abc' is not a status from 100 to 599"),
    ("route = ^/ signal:300", "route = '^/ signal:300': the action 'signal' cannot be used like this"),
    ("route = ^/ addvar:x", "addvar:x: it is written name=value"),
    ("route = ^/ basicauth:realm", "basicauth:realm: it is written realm,user:password or realm,file"),
])
def test_routes_that_cannot_be_are_refused_before_the_server_listens(tmp_path, line, message):
    (tmp_path / "app.ini").write_text("[uwsgi]\nhttp-socket = 127.0.0.1:0\nplugin = %s\n%s\n" % (PROBE, line))
    done = run(tmp_path, "--ini", "app.ini")
    assert message in done.stdout
    assert done.returncode != 0 and "listening" not in done.stdout


def test_access_by_address(routed):
    server = routed("route = ^/allow access:action=allow,addr=127.0.0.0/8;10.0.0.0/8", "route = ^/deny access:action=deny,addr=127.0.*",
                    "route = ^/other access:action=allow,addr=10.0.0.1")
    assert [server.get(path).status for path in ("/allow", "/deny", "/other")] == [200, 403, 403]


def test_routes_around_a_wsgi_application(wsgi):
    app = """
def application(environ, start_response):
    status = environ["PATH_INFO"].strip("/") or "200 OK"
    start_response(status.replace("_", " "), [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [environ.get("ADDED", "nil").encode()]
"""
    server = wsgi(app, "--route", "^/$ addvar:ADDED=yes", "--route-run", "toupper:", "--error-route-status", "404 redirect:/login", "--error-route-status", "418 return:503 Later",
                  "--response-route-status", "403 addheader:X-Why: no", "--final-route-status", "410 log:gone for ${REMOTE_ADDR}")
    assert (server.get("/").status, server.get("/").text) == (200, "YES")
    answer = server.get("/404_Not_Found")
    assert (answer.status, answer.headers["location"]) == (302, "/login")
    import socket
    with socket.create_connection(server.address()) as sock:  # what follows on the connection is not disturbed
        for path, end in ((b"/418_Teapot", b"LATER\r\n0\r\n\r\n"), (b"/404_Not_Found", b"\r\n\r\n"), (b"/418_Teapot", b"LATER\r\n0\r\n\r\n")):
            sock.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
            got = sock.recv(4096)
            while not got.endswith(end):
                got += sock.recv(4096)
            assert got.count(b"HTTP/1.1 ") == 1 and b"nil" not in got.lower()
    assert server.get("/403_Forbidden").headers["x-why"] == "no"
    assert server.get("/410_Gone").status == 410
    server.wait_for_log("gone for 127.0.0.1")
    assert "Traceback" not in server.log
