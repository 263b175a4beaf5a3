"""Django, the real one, with its admin."""

import pathlib
import re

import pytest

requests = pytest.importorskip("requests")
APP = pathlib.Path(__file__).with_name("django_app.py")


@pytest.fixture
def django(framework):
    return framework("django", APP, "--threads", "4", env={"MAKE_DATABASE": "1"})


def test_the_admin_lets_in_who_may_come_in(django):
    with requests.Session() as browser:
        page = browser.get(django.url + "/admin/")
        assert "/admin/login/" in page.url
        token = re.search('name="csrfmiddlewaretoken" value="(.*?)"', page.text).group(1)
        login = {"csrfmiddlewaretoken": token, "username": "ada", "password": "wrong", "next": "/admin/"}
        assert "Please enter the correct username" in browser.post(page.url, data=login).text
        login["password"] = "lovelace"
        inside = browser.post(page.url, data=login)
        assert "Site administration" in inside.text
        assert browser.get(django.url + "/admin/auth/user/").text.count("ada@example.org") >= 1


def test_a_form_post_needs_its_token(django):
    with requests.Session() as browser:
        token = browser.get(django.url + "/form").text
        assert browser.post(django.url + "/form", data={"text": "x"}).status_code == 403
        answer = browser.post(
            django.url + "/form", data={"text": "caf\u00e9", "csrfmiddlewaretoken": token}, files={"f": ("f.txt", "content")}
        )
        assert answer.text == "posted caf\u00e9 {'f': 'content'}"


def test_streams_and_files(django):
    assert requests.get(django.url + "/stream").text == "part 0\npart 1\npart 2\n"
    assert requests.get(django.url + "/file").content == APP.read_bytes()


def test_errors_are_djangos_own(django):
    assert requests.get(django.url + "/absent").status_code == 404
    failed = requests.get(django.url + "/fail")
    assert failed.status_code == 500 and "Server Error (500)" in failed.text
    assert not re.search("python: exception", django.log), "Django handled it"
