"""Bottle, Falcon, Pyramid and Starlette, each in one server: what their applications do most."""

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
LINES = "".join("line %d\n" % i for i in range(5))


def session(server):
    requests = pytest.importorskip("requests")
    made = requests.Session()
    made.headers["User-Agent"] = "test"
    return made, server.url


@pytest.fixture
def start(framework):
    def begin(name):
        return framework("a2wsgi" if name == "starlette" else name, HERE / ("%s_app.py" % name), "--threads", "2")

    return begin


def fails(http, url, server):
    assert http.get(url + "/fail").status_code == 500
    server.wait_for_log("RuntimeError: a bug")


def test_bottle(start):
    server = start("bottle")
    http, url = session(server)
    assert http.get(url + "/").text == "Hello from Bottle"
    answer = http.post(url + "/form", data={"text": "grüße"}, files={"file": ("a.txt", b"contents")})
    assert answer.json() == {"text": "grüße", "file": "contents"}
    assert http.get(url + "/cookie/secret").text == "set"
    assert http.get(url + "/cookie").text == "secret"
    assert http.get(url + "/stream").text == LINES
    assert http.get(url + "/empty").status_code == 204
    assert http.get(url + "/none").status_code == 404
    assert http.head(url + "/").headers["Content-Length"] == "17"
    fails(http, url, server)


def test_falcon(start):
    server = start("falcon")
    http, url = session(server)
    assert http.get(url + "/").text == "Hello from Falcon"
    assert http.post(url + "/json?a=b", json={"x": [1, "é"]}).json() == {"got": {"x": [1, "é"]}, "args": {"a": "b"}}
    assert http.post(url + "/upload", files={"one": b"first", "two": b"second"}).json() == {"one": "first", "two": "second"}
    assert http.put(url + "/raw", data=b"x" * 300000).json() == {"bytes": 300000}
    assert http.get(url + "/stream").text == LINES
    assert http.get(url + "/memory").content == b"in memory"
    assert http.get(url + "/none").status_code == 404
    fails(http, url, server)


def test_pyramid(start):
    server = start("pyramid")
    http, url = session(server)
    assert http.get(url + "/").text == "Hello from Pyramid"
    assert http.post(url + "/json?a=b", json={"x": 1}).json() == {"got": {"x": 1}, "args": {"a": "b"}}
    answer = http.post(url + "/form", data={"text": "grüße"}, files={"file": ("a.txt", b"contents")})
    assert answer.json() == {"text": "grüße", "file": "contents"}
    assert http.get(url + "/login/ada").text == "ada"
    assert http.get(url + "/file").text == (HERE / "pyramid_app.py").read_text()
    assert http.get(url + "/stream").text == LINES
    assert http.get(url + "/none").status_code == 404
    fails(http, url, server)


def test_starlette_through_a_wsgi_adapter(start):
    server = start("starlette")
    http, url = session(server)
    assert http.get(url + "/").text == "Hello from Starlette"
    assert http.post(url + "/json?a=b", json={"x": 1}).json() == {"got": {"x": 1}, "args": {"a": "b"}, "client": "127.0.0.1"}
    assert http.put(url + "/raw", data=b"x" * 300000).json() == {"bytes": 300000}
    assert http.get(url + "/stream").text == LINES
    assert http.get(url + "/none").status_code == 404
    assert http.get(url + "/fail").status_code == 500
