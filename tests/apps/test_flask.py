"""Flask, the real one."""

import pathlib
import re

import pytest

requests = pytest.importorskip("requests")
APP = pathlib.Path(__file__).with_name("flask_app.py")


@pytest.fixture
def flask(framework):
    return framework("flask", APP, "--processes", "2", "--threads", "2")


def test_pages_json_and_unicode(flask):
    assert requests.get(flask.url).text == "Hello from Flask"
    answer = requests.post(flask.url + "/json?a=1&a=2", json={"k": ["v", 1]}).json()
    assert answer == {"got": {"k": ["v", 1]}, "args": {"a": "1"}, "host": flask.url[7:]}
    assert requests.get(flask.url + "/unicode/\u65e5\u672c").text == "\u65e5\u672c"


def test_forms_and_uploads(flask):
    answer = requests.post(flask.url + "/form", data={"a": "1 2"}, files={"f": ("f.txt", "text " * 50000)}).json()
    assert answer == {"form": {"a": "1 2"}, "files": {"f": "text " * 50000}}


def test_a_chunked_upload_arrives(flask):
    answer = requests.post(flask.url + "/json", data=iter([b'{"a":', b" 1}"]), headers={"Content-Type": "application/json"})
    assert answer.json()["got"] == {"a": 1}


def test_sessions_and_redirects(flask):
    with requests.Session() as browser:
        assert browser.get(flask.url + "/login/ada").text == "ada"
        assert browser.get(flask.url + "/whoami").text == "ada"
    assert requests.get(flask.url + "/whoami").text == "nobody"


def test_streams_files_ranges_and_head(flask):
    assert requests.get(flask.url + "/stream").text == "".join("line %d of /stream\n" % i for i in range(5))
    data = APP.read_bytes()
    answer = requests.get(flask.url + "/file")
    assert answer.content == data and answer.headers["Content-Length"] == str(len(data))
    assert requests.get(flask.url + "/file", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    part = requests.get(flask.url + "/file", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert requests.get(flask.url + "/memory").content == b"in memory"
    head = requests.head(flask.url + "/file")
    assert head.headers["Content-Length"] == str(len(data)) and head.content == b""


def test_errors_are_flasks_own(flask):
    assert requests.get(flask.url + "/absent").status_code == 404
    assert requests.get(flask.url + "/json", data="x" * 10).status_code == 200
    failed = requests.get(flask.url + "/fail")
    assert failed.status_code == 500 and "Internal Server Error" in failed.text
    flask.wait_for_log("RuntimeError: a bug")
    assert not re.search("python: exception", flask.log), "Flask handled it"
