"""The commands that a newcomer types first, as the README has them, on ports that the system chooses."""

import os
import shutil
import subprocess

import pytest

from mortise import EXAMPLES, THREAD_SANITIZED, children, clean_environment, copy, listens, run, wait_until

HELLO = (EXAMPLES / "hello" / "bootstrap.py").read_text()
HELLO_STR = HELLO.replace('b"', '"')


def threads(pid):
    found = subprocess.run(["ps", "-o", "nlwp=", "-p", str(pid)], capture_output=True, text=True)
    return int(found.stdout)


def test_the_gateway_serves_a_wsgi_file_with_a_master_four_processes_and_two_threads(mortise):
    server = mortise("--http", ":0", "--wsgi-file", "bootstrap.py", "--master", "--processes", 4, "--threads", 2,
                     files={"bootstrap.py": HELLO})
    answer = server.get("/")
    assert (answer.status, answer.body) == (200, b"HelloWorld")
    server.wait_for_log(r"worker \d .* loaded|loaded .*\(worker \d\)", count=4)
    assert len(children(server.process.pid)) == 5  # four workers and the gateway
    if not THREAD_SANITIZED:
        assert sorted(threads(pid) for pid in children(server.process.pid))[-4:] == [2, 2, 2, 2]


def test_workers_speak_http_themselves_and_take_a_module_and_its_callable(mortise):
    server = mortise("--http-socket", "0.0.0.0:0", "--module", "bootstrap", "--callable", "application",
                     "--workers", 4, "--threads", 2, files={"bootstrap.py": HELLO})
    assert server.get("/").body == b"HelloWorld"


def test_an_ini_file_has_all_that_is_needed(mortise):
    server = mortise("--ini", "app.ini", files={
        "bootstrap.py": HELLO,
        "app.ini": "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = bootstrap.py\nworkers = 2\nthreads = 2\n",
    })
    assert server.get("/").body == b"HelloWorld"
    server.wait_for_log("loaded in", count=2)  # the first one may answer before the second is forked
    assert len(children(server.process.pid)) == 2


def test_an_application_that_returns_str_gets_an_error_that_names_the_cause(mortise):
    server = mortise("--http", ":0", "--wsgi-file", "bootstrap.py", files={"bootstrap.py": HELLO_STR})
    assert server.get("/").status == 500
    server.wait_for_log(r"python: .*returned str .*bytes.*PEP 3333")


NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
worker_processes 1;
events {{ }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen unix:{folder}/nginx.sock;
    location / {{
      include /etc/nginx/uwsgi_params;
      uwsgi_pass unix:{socket};
    }}
  }}
}}
"""


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="nginx is not installed")
def test_nginx_speaks_the_uwsgi_protocol_to_it(mortise, tmp_path):
    socket_path = tmp_path / "x.sock"
    server = mortise("--socket", socket_path, "--wsgi-file", "bootstrap.py", files={
        "bootstrap.py": "def application(environ, start_response):\n"
                        "    body = environ['wsgi.input'].read()\n"
                        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
                        "    return [environ['REQUEST_METHOD'].encode(), b' ', environ['PATH_INFO'].encode(), b' ', body]\n"})
    (tmp_path / "nginx.conf").write_text(NGINX.format(
        folder=tmp_path, socket=socket_path, user="user root;" if os.geteuid() == 0 else ""))
    nginx = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
                             env=clean_environment({"PATH": "/usr/sbin:/usr/bin:/bin"}),
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: listens(tmp_path / "nginx.sock"), what="nginx listening")

        def curl(*args):
            return subprocess.run(["curl", "-s", "--max-time", "10", "--unix-socket", str(tmp_path / "nginx.sock"), *args],
                                  capture_output=True, text=True).stdout

        assert curl("http://localhost/a%20b") == "GET /a b "
        assert curl("-d", "x=1", "http://localhost/form") == "POST /form x=1"
        large = tmp_path / "large"
        large.write_bytes(b"0123456789" * 200_000)
        assert len(curl("--data-binary", "@%s" % large, "http://localhost/")) == len("POST / ") + 2_000_000
    finally:
        nginx.terminate()
        nginx.communicate(timeout=10)
    assert server.process.poll() is None


def test_the_classic_plugin_builds_unmodified_and_says_hello(mortise, tmp_path):
    copy(tmp_path, EXAMPLES / "plugin" / "foobar.c")
    built = run(tmp_path, "--build-plugin", "foobar.c")
    assert built.returncode == 0, built.stdout
    assert built.stdout == "built ./foobar_plugin.so (plugin 'foobar', ABI 1.0)\n"
    server = mortise("--plugin", tmp_path / "foobar_plugin.so", "--http", ":0", "--wsgi-file", "bootstrap.py",
                     files={"bootstrap.py": HELLO})
    server.wait_for_log("Hello World\n")
    assert server.get("/").body == b"HelloWorld"


def test_a_request_plugin_in_c_serves(mortise, tmp_path):
    copy(tmp_path, EXAMPLES / "plugin" / "hello.c")
    assert run(tmp_path, "--build-plugin", "hello.c").returncode == 0
    server = mortise("--plugin", tmp_path / "hello_plugin.so", "--http-socket", "127.0.0.1:0")
    assert server.get("/").body == b"Hello World\n"


@pytest.mark.parametrize("name, source, line", [
    ("decorated.py", "from uwsgidecorators import *\n\n@timer(1)\ndef tick(signum):\n    print('tick', flush=True)\n",
     r"tick\n"),
    ("registered.py", "import uwsgi\n\ndef tick(signum):\n    print('tick', signum, flush=True)\n\n"
                      "uwsgi.register_signal(26, 'worker', tick)\nuwsgi.add_timer(26, 1)\n"
                      "uwsgi.register_signal(30, 'worker', tick)\nuwsgi.add_rb_timer(30, 1, 1)\n", r"tick 26\n"),
])
def test_an_imported_module_has_timers_that_fire_once_for_all_workers(mortise, name, source, line):
    server = mortise("--http", ":0", "--wsgi-file", "bootstrap.py", "--import", name, "--workers", 2,
                     files={"bootstrap.py": HELLO, name: source})
    server.wait_for_log(line, count=3)
    # Two workers registered the timer: were each fired on its own, three seconds would have brought six lines.
    assert server.log.count(line.replace("\\n", "")) <= 4
    if name == "registered.py":
        assert server.log.count("tick 30") == 1


def test_the_version_and_the_options_are_listed(tmp_path):
    version = run(tmp_path, "--version")
    assert version.returncode == 0 and version.stdout.startswith("mortise ")
    listed = run(tmp_path, "--help")
    assert listed.returncode == 0
    for option in ("--processes", "--http-socket", "--wsgi-file", "--plugin"):
        assert option in listed.stdout


def test_plugin_info_tells_what_a_plugin_is_without_running_it(tmp_path):
    copy(tmp_path, EXAMPLES / "plugin" / "hello.c")
    run(tmp_path, "--build-plugin", "hello.c")
    told = run(tmp_path, "plugin", "info", "./hello_plugin.so")
    assert told.returncode == 0
    assert "./hello_plugin.so: plugin 'hello', fits this server" in told.stdout
    assert "request" in told.stdout
