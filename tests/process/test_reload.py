"""Reloads: nothing is lost, nothing is left behind, and one that cannot succeed changes nothing."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
from load import Load
from mortise import BINARY, BUILD, SLOWER, Mortise, children, clean_environment, read_all, run, wait_until, write

APP = """
import os
def application(environ, start_response):
    body = b"%s %%d" %% os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


def app(version="first"):
    return APP % version


def reload(server, *args):
    """What `mortise reload` says: a CompletedProcess."""
    return subprocess.run(
        [BINARY, "reload", *(args or ("--pid", str(server.process.pid)))],
        cwd=server.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )


def reload_well(server):
    done = reload(server)
    assert done.returncode == 0, done.stdout + server.log


def ini(folder, text):
    return write(folder, "server.ini", "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = app.py\n" + text)


@pytest.fixture
def configured(mortise):
    """start(text): a server with this configuration file."""

    def start(text="", version="first"):
        config = "[uwsgi]\nhttp-socket = 127.0.0.1:0\nwsgi-file = app.py\n" + text
        return mortise("server.ini", files={"server.ini": config, "app.py": app(version)})

    return start


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def private_kib(pid):
    """What the process has written to. Whether clean pages of its libraries are shared depends on who else runs."""
    text = pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private_Dirty:", "Anonymous:")))


def test_a_reload_reads_application_and_configuration_again_and_keeps_pid_and_address(configured):
    server = configured("env = COLOUR=red\n")
    write(server.folder, "app.py", app("second").replace("os.getpid()", "(os.environ['COLOUR'] == 'blue')"))
    write(server.folder, "server.ini", (server.folder / "server.ini").read_text().replace("red", "blue").replace(":0", ":%d" % server.address()[1]))
    done = reload(server)
    assert done.returncode == 0 and "server %d reloaded" % server.process.pid in done.stdout
    wait_until(lambda: server.get().text == "second 1")


@pytest.mark.parametrize("way", ["HUP", "USR2", "fifo", "touch", "chain"])
def test_every_way_to_ask_for_a_reload_replaces_the_workers(mortise, way):
    write_touched = {"touch.me": ""}
    server = mortise(
        "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2",
        "--master-fifo", "fifo", "--touch-reload", "touch.me", "--touch-chain-reload", "chain.me",
        files={"app.py": app(), **write_touched},
    )  # fmt: skip
    server.wait_for_log("loaded in", count=2)
    write(server.folder, "app.py", app("second"))
    if way == "fifo":
        write(server.folder, "fifo", "r")
    elif way == "touch":
        os.utime(server.folder / "touch.me", (1, 1))
    elif way == "chain":
        write(server.folder, "chain.me", "")
    else:
        server.signal(getattr(signal, "SIG" + way))
    server.wait_for_log("reload done: 2 workers replaced")
    wait_until(lambda: server.get().text.startswith("second"))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_no_request_is_lost_in_fifty_reloads_under_load(mortise, front):
    server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "--threads", "2", "-L", files={"app.py": app()})
    server.wait_for_log("loaded in", count=2)
    with Load(server.address()) as load:
        for _ in range(50 // SLOWER):
            reload_well(server)
    assert not load.failures, "%d of %d: %s" % (len(load.failures), load.answers, load.failures[:5])
    assert load.answers > 500


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_fifty_signals_in_a_second_lose_no_request(mortise, front):
    server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "-L", files={"app.py": app()})
    server.wait_for_log("loaded in", count=2)
    with Load(server.address()) as load:
        for _ in range(50):
            server.signal(signal.SIGHUP)
            time.sleep(0.02)
        wait_until(lambda: server.log.count("reload: a trial") == server.log.count("reload done"))
    assert not load.failures, load.failures[:5]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_a_slow_import_delays_nobody(mortise, front):
    slow = "import time\ntime.sleep(2)\n" + app()
    server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "-L", files={"app.py": slow})
    server.wait_for_log("loaded in")
    with Load(server.address(), clients=2) as load:
        for reloads in range(1, 6):
            server.signal(signal.SIGHUP)
            server.wait_for_log("reload done", count=reloads, seconds=20)
    assert not load.failures and load.slowest < 1.5  # less than the import takes


def broken_app(server):
    write(server.folder, "app.py", "def application(\n")
    return "exit status 22"


def broken_ini(server):
    write(server.folder, "server.ini", "[uwsgi]\nprocesses = many\n")
    return "exit status 64"


def unreadable_ini(server):
    (server.folder / "server.ini").unlink()
    return "exit status 66"


def other_abi(server):
    write(server.folder, "server.ini", (server.folder / "server.ini").read_text() + "plugin = %s\n" % (BUILD / "fixtures/abi_other_major_plugin.so"))
    return "exit status 79"


@pytest.mark.parametrize("breakage", [broken_app, broken_ini, unreadable_ini, other_abi])
def test_a_reload_that_cannot_succeed_changes_nothing_and_says_why(configured, breakage):
    server = configured("processes = 2\n")
    server.wait_for_log("loaded in", count=2)
    before = children(server.process.pid)
    reason = breakage(server)
    with Load(server.address()) as load:
        done = reload(server)
    assert done.returncode == 1
    assert reason in done.stdout and "the old processes go on" in done.stdout
    assert not load.failures
    assert children(server.process.pid) == before


def test_a_server_whose_application_is_loaded_before_the_fork_reloads_it(wsgi):
    server = wsgi(app(), "--preload")
    write(server.folder, "app.py", app("second"))
    reload_well(server)
    wait_until(lambda: server.get().text.startswith("second"))


FAILS_OUTSIDE_A_TRIAL = app("second") + "if os.path.exists('tried'): raise SystemError('only now')\nopen('tried', 'w').close()\n"


def test_a_generation_that_fails_after_its_trial_leaves_the_old_one_serving(wsgi):
    server = wsgi(app(), "--start-timeout", "20")
    old = server.get().text
    write(server.folder, "app.py", FAILS_OUTSIDE_A_TRIAL)
    done = reload(server)
    assert done.returncode == 1 and "exit status 22" in done.stdout
    assert server.get().text == old
    write(server.folder, "app.py", app("third"))  # the next try of the worker finds it
    wait_until(lambda: server.get().text.startswith("third"))
    server.wait_for_log("old worker 1 .* stopped")


def test_a_preloaded_generation_that_fails_after_its_trial_leaves_the_old_one_serving_until_the_next_reload(wsgi):
    server = wsgi(app(), "--preload")
    old = server.get().text
    write(server.folder, "app.py", FAILS_OUTSIDE_A_TRIAL)
    done = reload(server)
    assert done.returncode == 1 and "exit status 22" in done.stdout
    assert server.get().text == old
    assert reload(server).returncode == 1
    write(server.folder, "app.py", app("third"))
    reload_well(server)
    wait_until(lambda: server.get().text.startswith("third"))


def test_a_death_among_those_that_a_failed_generation_left_begins_the_next_reload(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--preload", "--processes", "3", files={"app.py": app()})
    wait_until(lambda: server.get().text.startswith("first"))
    write(server.folder, "app.py", FAILS_OUTSIDE_A_TRIAL)
    assert reload(server).returncode == 1
    first, second, _ = children(server.process.pid)
    os.kill(first, signal.SIGKILL)
    server.wait_for_log("reload failed after 0 workers: trial .* exit status 22")  # nothing is better yet
    assert server.get().text.startswith("first")
    write(server.folder, "app.py", app("third"))
    os.kill(second, signal.SIGKILL)
    server.wait_for_log("reload done: 3 workers replaced")
    wait_until(lambda: len(children(server.process.pid)) == 3)
    assert server.get().text.startswith("third")


def test_the_last_of_those_that_a_failed_generation_left_ends_the_server_if_there_is_no_next(tmp_path):
    write(tmp_path, "app.py", app())
    server = Mortise(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--preload")
    try:
        wait_until(lambda: server.get().text.startswith("first"))
        write(tmp_path, "app.py", FAILS_OUTSIDE_A_TRIAL)
        assert reload(server).returncode == 1
        os.kill(children(server.process.pid)[0], signal.SIGKILL)
        assert server.process.wait(20) == 1
        assert "no process of the old generation is left: the server ends" in server.log
    finally:
        server.kill()


def test_a_request_in_flight_is_answered_by_the_generation_that_took_it(wsgi):
    waits = app().replace("    body =", "    import time\n    while environ['PATH_INFO'] == '/wait' and not os.path.exists('go'): time.sleep(0.01)\n    body =")
    server = wsgi(waits)
    old = server.get().body
    with server.connect() as sock:
        sock.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        reload_well(server)
        assert server.get().body != old
        time.sleep(1.5)  # longer than a worker that never was ready would get
        write(server.folder, "go", "")
        answer = sock.recv(4096)
    assert answer.endswith(old)


KEPT = """
import os, time
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    yield b"a"
    while environ["PATH_INFO"] == "/halves" and not os.path.exists("go"):
        time.sleep(0.01)
    yield b"b"
"""


def ask_on(sock, path):
    """The answer's head, once its first byte of body is here."""
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
    answer = b""
    while b"\r\n\r\na" not in answer:
        part = sock.recv(4096)
        assert part, answer
        answer += part
    return answer


def test_a_gateway_that_stops_does_not_close_what_it_said_would_stay(mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "-L", files={"app.py": KEPT})
    with server.connect() as sock:
        answer = ask_on(sock, b"/halves")
        assert b"connection: close" not in answer.lower()
        reload_well(server)
        write(server.folder, "go", "")
        if not answer.endswith(b"ab"):
            assert sock.recv(4096) == b"b"
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = read_all(sock)
    assert answer.endswith(b"ab") and b"connection: close" in answer.lower()
    server.wait_for_log("old http .* stopped")


def test_a_gateway_that_stops_answers_what_came_before_it_looked(mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "-L", files={"app.py": KEPT})
    gateway = int(server.wait_for_log(r"http \(pid (\d+)\) started").group(1))
    with server.connect() as sock:
        if not ask_on(sock, b"/").endswith(b"ab"):
            assert sock.recv(4096) == b"b"
        reload_well(server)
        time.sleep(0.1)  # it was told to stop; what idles for another while is closed
        os.kill(gateway, signal.SIGSTOP)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.4)
        os.kill(gateway, signal.SIGCONT)
        assert read_all(sock).endswith(b"ab")


@pytest.mark.timeout(300)
def test_two_hundred_reloads_leave_nothing_behind_in_the_master(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--http", "127.0.0.1:0", "--wsgi-file", "app.py", "-L", files={"app.py": app()})
    pid = server.process.pid

    def settled():
        return wait_until(lambda: len(children(pid)) == 2 and (descriptors(pid), private_kib(pid)))

    for _ in range(5):
        reload_well(server)
    fds, memory = settled()
    for _ in range(200 // SLOWER):
        reload_well(server)
    fds_after, memory_after = settled()
    assert fds_after == fds
    assert memory_after < memory * 1.05 + 64


def test_a_unix_socket_survives_reloads_and_is_removed_at_the_end(mortise):
    server = mortise("--socket", "app.sock", "--wsgi-file", "app.py", files={"app.py": app()})
    for _ in range(2):
        reload_well(server)
        assert b"first" in server.uwsgi_request()
    server.stop()
    assert not (server.folder / "app.sock").exists()


def test_a_listener_that_the_configuration_no_longer_has_is_closed(configured):
    server = configured("http-socket = 127.0.0.1:0\n")
    host, port = server.address()
    server.wait_for_log("listening on", count=2)
    assert server.log.count("listening on") == 2
    ini(server.folder, "")
    text = (server.folder / "server.ini").read_text().replace("127.0.0.1:0", "127.0.0.1:%d" % port)
    write(server.folder, "server.ini", text)
    reload_well(server)
    server.wait_for_log("inherited listener 127.0.0.1:\\d+ .*is closed")
    assert server.get().text.startswith("first")


def test_a_stop_during_a_trial_is_a_stop(wsgi):
    server = wsgi(app())
    server.get()
    write(server.folder, "app.py", "import time\nopen('trying', 'w').close()\ntime.sleep(60)\n")
    server.signal(signal.SIGHUP)
    wait_until((server.folder / "trying").exists)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 3


def test_a_trial_that_hangs_is_ended(wsgi):
    server = wsgi(app(), "--start-timeout", "1")
    server.get()
    write(server.folder, "app.py", "import time\ntime.sleep(60)\n")
    done = reload(server)
    assert done.returncode == 1 and "died: signal 9" in done.stdout
    assert "was not ready within 1 s" in server.log
    assert server.get().status == 200


def test_a_reload_command_whose_signal_is_lost_sends_it_again(wsgi):
    server = wsgi(app())
    server.signal(signal.SIGSTOP)
    server.signal(signal.SIGHUP)
    with subprocess.Popen([BINARY, "reload", "--pid", str(server.process.pid)], env=clean_environment()) as command:
        wait_until(lambda: "@mortise-reload-%d\n" % command.pid in pathlib.Path("/proc/net/unix").read_text())
        server.signal(signal.SIGCONT)
        assert command.wait(50) == 0
    assert "reload done" in server.log


def test_a_reload_of_no_server_fails(tmp_path):
    write(tmp_path, "old.pid", "4194000\n")
    write(tmp_path, "server.ini", "[uwsgi]\npidfile = of_the_server\ndaemonize = log\n")
    for args, why in (["server.ini"], "it has no pid"), (["old.pid"], "No such process"), (["none.pid"], "it has no pid"), (["--pidfile", "none"], "it has no pid"), ([], "which server?"):
        done = subprocess.run([BINARY, "reload", *args], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and why in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.pid", "server.ini"]


@pytest.mark.parametrize("command", ["reload", "stop"])
def test_a_process_that_is_no_server_gets_no_signal(tmp_path, command):
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            wait_until(lambda: pathlib.Path("/proc/%d/comm" % other.pid).read_text() == "sleep\n")
            write(tmp_path, "old.pid", "%d\n" % other.pid)
            told = "error: %s server %d: no mortise has this pid, but 'sleep'" % (command, other.pid)
            for args, hint in (["old.pid"], " (remove old.pid, which a server left behind)\n"), (["--pid", str(other.pid)], "\n"):
                done = run(tmp_path, command, *args)
                assert done.returncode == 1 and told + hint in done.stdout
            assert other.poll() is None
        finally:
            other.kill()


@pytest.mark.parametrize("args, why", [
    (["--pid", "abc"], "pid = 'abc': not a number (give a whole number, without a unit)"),
    (["--pid=-1"], "pid = '-1': out of range (from 0 to 2147483647)"),
    (["--pid", "0"], "error: pid = '0': not the pid of a server (it is a number above 0)"),
    (["a", "b"], "error: mortise stop: argument 'b' is one too many (name one server)"),
])
def test_a_command_for_no_one_server_is_refused(tmp_path, args, why):
    done = run(tmp_path, "stop", *args)
    assert done.returncode == 64 and why + "\n" in done.stdout


def test_a_server_stops_on_command(wsgi):
    server = wsgi(app())
    done = subprocess.run([BINARY, "stop", "--pid", str(server.process.pid)], env=clean_environment(), timeout=20)
    assert done.returncode == 0 and server.process.wait(5) == 0
