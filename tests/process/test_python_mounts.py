"""Several applications in one worker: --mount and --manage-script-name."""

import os
import signal

import pytest

from mortise import run, write

APP = """
NAME = __name__.rsplit("_", 1)[-1]
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["{} {!r} {!r}".format(NAME, environ["SCRIPT_NAME"], environ["PATH_INFO"]).encode("latin-1")]
def create(name="factory"):
    def built(environ, start_response):
        start_response("200 OK", [])
        return [name.encode()]
    return built
"""
FILES = {"one.py": APP, "two.py": APP, "three.py": APP, "root.py": APP}
MOUNTS = ["--mount", "/one=one.py", "--mount", "/one/deeper=two:application", "--mount", "/made=three:create()"]


def start(mortise, *args):
    return mortise("--http-socket", "127.0.0.1:0", *args, files=FILES)


@pytest.mark.parametrize(
    "path, answer",
    [
        ("/one", "one '/one' ''"),
        ("/one/", "one '/one' '/'"),
        ("/one/a/b", "one '/one' '/a/b'"),
        ("/one/deeper/x", "two '/one/deeper' '/x'"),
        ("/onemore", "root '' '/onemore'"),
        ("/", "root '' '/'"),
        ("/made/it", "factory"),
    ],
)
def test_the_longest_mountpoint_gets_the_request(mortise, path, answer):
    server = start(mortise, "--wsgi-file", "root.py", *MOUNTS, "--manage-script-name")
    assert server.get(path).text == answer


def test_a_mount_of_the_root_is_the_default(mortise):
    server = start(mortise, "--mount", "/=root.py", "--mount", "/one=one.py", "--manage-script-name")
    assert server.get("/x").text == "root '' '/x'"
    assert server.get("/one/x").text == "one '/one' '/x'"


def test_without_a_default_application_other_paths_get_an_error(mortise):
    server = start(mortise, "--mount", "/one=one.py", "--manage-script-name", "--no-default-app")
    assert server.get("/one/x").text == "one '/one' '/x'"
    assert server.get("/x").status == 500
    server.wait_for_log("python: no application for GET /x")


def test_a_frontend_chooses_by_script_name(mortise):
    server = mortise("--socket", "127.0.0.1:0", "--wsgi-file", "root.py", *MOUNTS, files=FILES)
    answer = server.uwsgi_request({"SCRIPT_NAME": "/one", "PATH_INFO": "/x"})
    assert answer.endswith(b"one '/one' '/x'")
    assert server.uwsgi_request({"SCRIPT_NAME": "/other", "PATH_INFO": "/x"}).endswith(b"root '/other' '/x'")


def test_callable_holds_for_mounted_applications_too(mortise):
    server = start(mortise, "--mount", "/a=one.py", "--callable", "create()", "--manage-script-name")
    assert server.get("/a").text == "factory"


def test_each_application_is_counted_by_itself_also_after_a_respawn(mortise):
    server = start(mortise, "--wsgi-file", "root.py", *MOUNTS, "--manage-script-name")
    for _ in range(2):
        pid = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1))
        assert server.get("/one").text == "one '/one' ''"
        assert server.get("/one/deeper").text == "two '/one/deeper' ''"
        count = server.log.count("loaded in")
        assert count % 4 == 0
        os.kill(pid, signal.SIGKILL)
        server.wait_for_log("loaded in", count=count + 4)
        server.wait_for_log(r"worker 1 \(pid (?!%d)\d+\) started" % pid)


@pytest.mark.parametrize(
    "mount, message",
    [
        ("one=one.py", "mount = one=one.py is not understood (write mount = /path=file.py or /path=module:callable; host|/path=file.py needs vhost)"),
        ("/one", "mount = /one is not understood"),
        ("/one=none.py", "applications: no application: mount /one=none.py"),
    ],
)
def test_a_mount_that_cannot_be_ends_the_start(tmp_path, mount, message):
    write(tmp_path, "one.py", APP)
    ended = run(tmp_path, "--http-socket", "127.0.0.1:0", "--mount", mount)
    assert ended.returncode != 0
    assert message in ended.stdout


def test_workers_tells_the_applications_of_every_worker(mortise):
    source = """
import json, uwsgi
def application(environ, start_response):
    start_response("200 OK", [])
    return [json.dumps([[[app["mountpoint"].decode(), app["requests"]] for app in worker["apps"]] for worker in uwsgi.workers()]).encode()]
"""
    server = mortise(
        "--http-socket", "127.0.0.1:0", "--processes", "2", "--mount", "/=ask.py", "--mount", "/one=one.py", "--manage-script-name",
        files={"ask.py": source, "one.py": APP},
    )
    server.wait_for_log("loaded in", count=4)
    for _ in range(3):
        server.get("/one")
    import json

    apps = json.loads(server.get().text)
    assert [[mountpoint for mountpoint, _ in worker] for worker in apps] == [["", "/one"], ["", "/one"]]
    assert sum(worker[1][1] for worker in apps) == 3


HOSTS = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [('%s %%s %%s' %% (environ['SCRIPT_NAME'], environ['PATH_INFO'])).encode()]\n"
HOST_FILES = {"%s.py" % name: HOSTS % name for name in ("a", "b", "shop", "default")}
HOST_MOUNTS = ["--mount", "a.com|=a.py", "--mount", "b.com|/=b.py", "--mount", "a.com|/shop=shop.py", "--mount", "b.com:81|=shop.py"]


@pytest.mark.parametrize("option", ["--vhost", "--vhost-host"])
@pytest.mark.parametrize(
    "extra, variables, answer",
    [
        ([], {"HTTP_HOST": "a.com"}, "a  /"),
        ([], {"HTTP_HOST": "A.Com:8080"}, "a  /"),
        ([], {"HTTP_HOST": "b.com"}, "b  /"),
        ([], {"HTTP_HOST": "b.com:81"}, "shop  /"),
        ([], {"SERVER_NAME": "b.com"}, "b  /"),
        ([], {"SERVER_NAME": "b.com", "HTTP_HOST": "a.com"}, "a  /"),
        ([], {"HTTP_HOST": "a.com", "PATH_INFO": "/shop/x"}, "a  /shop/x"),
        ([], {"HTTP_HOST": "a.com", "SCRIPT_NAME": "/shop", "PATH_INFO": "/x"}, "shop /shop /x"),
        (["--manage-script-name"], {"HTTP_HOST": "a.com", "PATH_INFO": "/shop/x"}, "shop /shop /x"),
        (["--manage-script-name"], {"HTTP_HOST": "a.com", "PATH_INFO": "/shopping"}, "a  /shopping"),
        (["--manage-script-name"], {"HTTP_HOST": "b.com", "PATH_INFO": "/shop/x"}, "b  /shop/x"),
        ([], {"HTTP_HOST": "a.co"}, "Internal Server Error"),
        ([], {"HTTP_HOST": "a.com", "SCRIPT_NAME": "/none"}, "Internal Server Error"),
        ([], {"HTTP_HOST": "other.com"}, "Internal Server Error"),
        (["--wsgi-file", "default.py"], {"HTTP_HOST": "other.com"}, "default  /"),
        (["--wsgi-file", "default.py"], {"HTTP_HOST": "b.com"}, "b  /"),
        (["--wsgi-file", "default.py", "--no-default-app"], {"HTTP_HOST": "other.com"}, "Internal Server Error"),
    ],
)
def test_the_host_chooses_the_application(mortise, option, extra, variables, answer):
    server = mortise("--socket", "127.0.0.1:0", option, *HOST_MOUNTS, *extra, files=HOST_FILES)
    assert server.uwsgi_request(variables).split(b"\r\n\r\n", 1)[1].decode().strip() == answer


def test_a_mountpoint_with_a_host_needs_vhost(tmp_path):
    ended = run(tmp_path, "--http-socket", "127.0.0.1:0", "--mount", "a.com|/x=a.py")
    assert ended.returncode != 0
    assert "mount = a.com|/x=a.py is not understood (write mount = /path=file.py or /path=module:callable; host|/path=file.py needs vhost)" in ended.stdout
    ended = run(tmp_path, "--http-socket", "127.0.0.1:0", "--vhost", "--mount", "a.com=a.py")
    assert "mount = a.com=a.py is not understood (write mount = /path=file.py or /path=module:callable, or host|/path=file.py)" in ended.stdout
