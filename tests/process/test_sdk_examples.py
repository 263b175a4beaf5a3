"""Each example of a plugin is built as its reader would build it, and does what it says."""

import shutil
import socket
import subprocess

import pytest

from mortise import BUILD, EXAMPLES, ROOT, clean_environment, run, wait_until

PLUGINS = EXAMPLES / "plugin"


@pytest.fixture
def serve(mortise, tmp_path):
    """start(source, *args): a server that has only this example."""

    def start(source, *args):
        name = source.rpartition(".")[0]
        built = run(tmp_path, "--build-plugin", PLUGINS / source)
        assert built.stdout == "built ./%s_plugin.so (plugin '%s', ABI 1.0)\n" % (name, name), built.stdout
        return mortise("--plugin", tmp_path / ("%s_plugin.so" % name), "--http-socket", "127.0.0.1:0", "--no-need-app", *args)

    return start


def test_every_example_has_a_test_here():
    text = open(__file__, encoding="utf-8").read()
    for path in PLUGINS.iterdir():
        assert '"%s"' % path.name in text, path.name


@pytest.mark.parametrize("one, other", [
    ("examples/rust-plugin/src/mortise.rs", "sdk/template/rust/src/mortise.rs"),
    ("plugins/mules/each_plugin.h", "plugins/spooler/each_plugin.h"),
])
def test_what_is_there_twice_stays_the_same(one, other):
    assert (ROOT / one).read_bytes() == (ROOT / other).read_bytes(), "what was changed in one belongs in the other, too"


def test_hello_world_takes_at_most_eight_lines_and_serves(serve):
    assert len((PLUGINS / "hello_modern.cpp").read_text().splitlines()) <= 8
    answer = serve("hello_modern.cpp").get("/")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"Hello World\n")
    assert answer.headers["content-length"] == "12"


def test_hello_in_c_serves(serve):
    assert serve("hello.c").get("/").body == b"Hello World\n"


def test_foobar_says_hello_when_the_server_starts(serve):
    serve("foobar.c").wait_for_log("Hello World")


def test_the_greeters_options_are_members_of_a_structure(serve, tmp_path):
    server = serve("greeter.cpp", "--greeter-word", "Welcome", "--greeter-times", "2", "--greeter-friend", "Ann",
                   "--greeter-friend", "Bob")
    assert server.get("/?name=Bob").body == b"Welcome, dear Bob\nWelcome, dear Bob\n"
    answer = server.get("/")
    assert answer.body == b"Welcome, stranger\n" * 2 and answer.headers["vary"] == "Accept-Language"
    refused = server.request("DELETE", "/")
    assert (refused.status, refused.body) == (405, b"GET it\n")
    assert "plugin greeter: DELETE /: GET it\n" in server.log
    assert serve("greeter.cpp", "--greeter-loud").get("/?name=Ann").body == b"HELLO, ANN\n"
    plugin = tmp_path / "greeter_plugin.so"
    for value, status, text in (("two", 64, "option 'greeter-times': 'two' is not a number in its range\n"),
                                ("0", 79, "option 'greeter-times': at least once, please\n")):
        done = run(tmp_path, "--plugin", plugin, "--http-socket", "127.0.0.1:0", "--greeter-times", value)
        assert done.returncode == status and text in done.stdout


def test_upload_reads_lines_and_answers_in_pieces(serve):
    server = serve("upload.cpp")
    answer = server.request("POST", "/", body=b"pear\napple\nlast", headers={"Content-Type": "text/x-list"})
    assert answer.body == b"1: pear\n2: apple\n3: last" and answer.headers["content-type"] == "text/x-list"
    large = b"x" * 5000 + b"\n"
    answer = server.request("POST", "/", body=large * 200)
    assert answer.body.replace(b"\n", b"").count(b"x") == 5000 * 200
    with server.connect("http") as sock:  # a client that goes away in the middle of its body
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
    assert server.get("/").body == b""


def test_ticker_gets_timers_and_signals(serve):
    server = serve("ticker.cpp", "--processes", "2")
    server.wait_for_log(r"ticker: tick in worker [12]", count=3)
    answer = server.get("/")
    assert (answer.status, answer.body) == (202, b"noted\n")
    server.wait_for_log("ticker: somebody came")


def test_the_gateway_is_a_process_that_answers_by_itself_and_stops_with_the_server(serve):
    server = serve("gateway.c", "--gateway-port", "127.0.0.1:0")
    port = int(server.wait_for_log(r"telling the time on 127\.0\.0\.1:(\d+)")[1])

    def told():
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            return sock.recv(100)

    assert told().endswith(b" GMT")
    gateway = int(server.wait_for_log(r"gateway[^\n]*\(pid (\d+)\)")[1])
    subprocess.run(["kill", "-9", str(gateway)], check=True)
    wait_until(lambda: "gateway" in server.log and len([1 for _ in server.log.split("(pid ")]) > 3, what="another gateway")
    assert told().endswith(b" GMT")
    server.stop()
    with pytest.raises(OSError):
        told()


@pytest.mark.skipif(not shutil.which("cargo"), reason="cargo is not installed")
def test_the_rust_plugin_builds_with_cargo_alone_and_serves(mortise, tmp_path):
    folder = tmp_path / "rust-plugin"
    shutil.copytree(EXAMPLES / "rust-plugin", folder, ignore=shutil.ignore_patterns("target"))
    done = subprocess.run(["cargo", "build", "--release", "--offline"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    plugin = tmp_path / "hello_rust_plugin.so"
    shutil.copy(folder / "target/release/libhello_rust_plugin.so", plugin)
    told = run(tmp_path, "plugin", "info", plugin).stdout
    assert "plugin 'hello-rust', fits this server\n" in told and "hooks      request\n" in told
    assert "--hello-rust-greeting VALUE          what to answer (Hello)\n" in told
    server = mortise("--plugin", plugin, "--http-socket", "127.0.0.1:0", "--hello-rust-greeting", "Guten Tag")
    assert server.get("/").body == b"Guten Tag\n"


def test_offsets_that_the_rust_plugin_assumes_are_those_of_the_header(tmp_path):
    facts = ["sizeof(struct uwsgi_option) == 48", "sizeof(struct uwsgi_plugin) == 51 * 8",
             "offsetof(struct uwsgi_plugin, init) == 40", "offsetof(struct uwsgi_plugin, options) == 64",
             "offsetof(struct uwsgi_plugin, request) == 88", "offsetof(struct uwsgi_option, func) == 24",
             "sizeof(struct uwsgi_abi_note) == 44", "sizeof(struct uwsgi_abi) == 24"]
    source = tmp_path / "facts.c"
    source.write_text("#include <uwsgi.h>\n" + "".join('_Static_assert(%s, "");\n' % fact for fact in facts))
    done = subprocess.run(["cc", "-fsyntax-only", "-I", BUILD / "include", source], capture_output=True, text=True,
                          env=clean_environment())
    assert done.returncode == 0, done.stderr
