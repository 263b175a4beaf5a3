"""Headers that every response has, or has not, whatever the application sends."""

import pytest

from mortise import run

APP = """
def application(env, start_response):
    start_response('200 OK', [('Content-Length', '2'), ('X-Powered-By', 'me'), ('X-User', 'ann'), ('X-Cost', '7')])
    return [b'ok']
"""


@pytest.fixture(params=["--http-socket", "--http"])
def served(mortise, request):
    """start(*args): a server of the application, reached through a worker and through the gateway."""

    def start(*args):
        return mortise(request.param, "127.0.0.1:0", "--wsgi-file", "app.py", *args, files={"app.py": APP})

    return start


def test_headers_are_added_dropped_and_replaced(served):
    server = served(
        *("--add-header", "X-Frame-Options: DENY", "--add-header", "X-Cost: 1"),
        *("--del-header", "x-powered-by", "--rem-header", "X-Cost"),
    )
    answer = server.get("/")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-cost"] == "1"
    assert "x-powered-by" not in answer.headers
    assert answer.headers["x-user"] == "ann"


def test_collected_headers_are_variables_of_the_log_line(wsgi):
    server = wsgi(
        APP,
        *("--collect-header", "X-User WHO", "--pull-header", "x-cost COST"),
        *("--log-format", "<<%(var.WHO) %(var.COST)>>"),
    )
    answer = server.get("/")
    assert answer.headers["x-user"] == "ann"
    assert "x-cost" not in answer.headers
    server.wait_for_log("<<ann 7>>")


def test_files_have_the_added_headers(served, tmp_path):
    (tmp_path / "a.txt").write_text("text")
    server = served("--static-map", "/s=%s" % tmp_path, "--add-header", "X-Frame-Options: DENY")
    answer = server.get("/s/a.txt")
    assert answer.text == "text"
    assert answer.headers["x-frame-options"] == "DENY"


def test_response_routes_and_headers_get_along(wsgi):
    server = wsgi(APP, "--response-route-run", "addheader:X-Route: yes", "--add-header", "X-Option: yes")
    answer = server.get("/")
    assert (answer.headers["x-route"], answer.headers["x-option"]) == ("yes", "yes")


@pytest.mark.parametrize(
    "option, value, form",
    [
        ("add-header", "nocolon", "Name: value"),
        ("del-header", "A: b", "as the name alone"),
        ("collect-header", "X-User", "Name VARIABLE"),
    ],
)
def test_what_is_no_header_is_refused(tmp_path, option, value, form):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--%s=%s" % (option, value))
    assert done.returncode == 64
    assert "error: %s = %s: it is written %s\n" % (option, value, form) in done.stdout
