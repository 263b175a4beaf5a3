"""The master's fifo and its relatives: each command does what its letter says, or tells why there is nothing to do."""

import fcntl
import os
import signal
import socket
import subprocess
import termios
import threading
import time

import pytest
from load import read_answer
from mortise import BINARY, Mortise, children, run, state_of, wait_until, write

APP = """
import os
def application(environ, start_response):
    body = b"pid %d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.fixture
def steered(mortise):
    """start(*args): a server with two workers and a fifo."""

    def start(*args, front="--http-socket", files=None, fifo="fifo"):
        files = {"app.py": APP, **(files or {})}
        server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "--master-fifo", fifo, *args, files=files)
        server.wait_for_log("loaded in", count=2)
        return server

    return start


def command(server, letters):
    (server.folder / "fifo").write_text(letters)


def waiting_answer(server):
    """A client whose request waits: (thread, list that gets its status)."""
    answers = []
    client = threading.Thread(target=lambda: answers.append(server.get(timeout=20).status))
    client.start()
    return client, answers


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
@pytest.mark.parametrize("way", ["fifo", "signal"])
def test_a_paused_server_lets_connections_wait_and_loses_none(steered, front, way):
    server = steered(front=front)
    server.get()  # the gateway keeps its connection to the worker, which has to notice

    def toggle():
        command(server, "p") if way == "fifo" else server.signal(signal.SIGTSTP)

    toggle()
    server.wait_for_log("paused: new connections wait")
    with server.connect() as kept:
        waited = 0
        while waited < 3:  # the connections that the gateway keeps to the workers get their last answers
            try:
                server.get(timeout=0.3)
            except OSError:
                waited += 1
        client, answers = waiting_answer(server)
        time.sleep(0.5)
        assert not answers
        kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        toggle()
        server.wait_for_log("resumed: the workers accept again")
        client.join()
        assert answers == [200] and read_answer(kept)[0] == 200
    assert server.get().status == 200


def test_a_connection_that_is_kept_gets_one_more_answer_of_a_paused_worker(steered):
    server = steered()
    with server.connect() as sock:
        for paused in (False, True):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert read_answer(sock) == (200, not paused)
            command(server, "p")
            server.wait_for_log("resumed" if paused else "paused")
    server.wait_for_log("resumed")


def test_workers_that_come_while_the_server_is_paused_wait_too_and_a_reload_goes_on(steered):
    server = steered()
    command(server, "p")
    server.wait_for_log("paused: new connections wait")
    for pid in children(server.process.pid):
        os.kill(pid, signal.SIGKILL)
    server.wait_for_log("loaded in", count=4)
    client, answers = waiting_answer(server)
    time.sleep(0.5)
    assert not answers
    command(server, "s")
    server.wait_for_log("2 workers of 2 at most, generation 0, paused")
    command(server, "r")
    client.join()
    assert answers == [200]


def test_the_stop_key_of_a_terminal_is_what_it_is_to_any_program(tmp_path):
    write(tmp_path, "app.py", APP)
    master, slave = os.openpty()
    server = Mortise(tmp_path, start=False)
    with open(server.log_path, "wb") as log:
        server.process = subprocess.Popen(
            [BINARY, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py"], cwd=tmp_path, env=server.env,
            stdin=slave, stdout=log, stderr=log, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
        )  # fmt: skip
    try:
        server.wait_for_log("loaded in")
        processes = [server.process.pid, *children(server.process.pid)]
        os.write(master, b"\x1a")
        wait_until(lambda: [state_of(pid) for pid in processes] == ["T", "T"])
        os.killpg(server.process.pid, signal.SIGCONT)
        assert server.get().status == 200
        assert "paused" not in server.log
        server.stop()
    finally:
        server.kill()
        os.close(master)
        os.close(slave)


def test_workers_end_on_command_until_a_connection_comes(steered):
    server = steered()
    command(server, "C")
    server.wait_for_log("cheap: the workers end until a connection comes")
    wait_until(lambda: not children(server.process.pid))
    assert server.get().status == 200
    wait_until(lambda: len(children(server.process.pid)) == 2)


def test_pid_files_are_written_again(steered):
    server = steered("--pidfile", "a.pid", "--safe-pidfile", "b.pid")
    wait_until((server.folder / "b.pid").exists)
    for name in ("a.pid", "b.pid"):
        write(server.folder, name, "1\n")
    command(server, "P")
    for name in ("a.pid", "b.pid"):
        wait_until(lambda: (server.folder / name).read_text() == "%d\n" % server.process.pid)  # noqa: B023


def test_announcements_are_silenced_and_resumed(steered):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", 0))
        gateway.settimeout(10)
        server = steered("--subscribe-to", "127.0.0.1:%d:example.com" % gateway.getsockname()[1])
        assert gateway.recv(4096)[3] == 0
        command(server, "S")
        assert gateway.recv(4096)[3] == 1
        command(server, "S")
        assert gateway.recv(4096)[3] == 0


@pytest.mark.parametrize(
    "letter, why",
    [
        ("B", "a server does not ask its emperor for reinforcement (set cheaper and workers)"),
        ("E", "this server is no emperor (see --emperor)"),
        ("L", "the server has no log file of its own (see --logto with --log-master)"),
        ("P", "the server has no pid file (see --pidfile)"),
        ("S", "the server does not announce itself to gateways (see --subscribe-to)"),
        ("f", "vassals are started by the emperor itself, there is no fork server"),
        ("l", "the server has no log file of its own (see --logto with --log-master)"),
    ],
)
def test_what_has_no_effect_is_told(steered, letter, why):
    server = steered()
    command(server, letter)
    wait_until(lambda: "master fifo: '%s' has no effect: %s" % (letter, why) in server.log)


def test_a_letter_that_nobody_knows_is_told_and_the_others_are_obeyed(steered):
    server = steered()
    command(server, "?\x01 s\n")
    server.wait_for_log(r"master fifo: no command '\?'.*\n(.*\n)?.*no command '\?'")
    server.wait_for_log(r"worker 2 \(pid \d+\): idle, 0 requests, started 1 times")


@pytest.mark.parametrize("letter, outcome", [("r", "reload done"), ("R", "reload done"), ("c", "reload done"), ("w", "reload done"), ("W", "died: signal 9")])
def test_letters_that_replace_the_workers(steered, letter, outcome):
    server = steered()
    before = children(server.process.pid)
    command(server, letter)
    server.wait_for_log(outcome)
    wait_until(lambda: len(children(server.process.pid)) == 2 and not set(children(server.process.pid)) & set(before))
    assert server.get().status == 200


@pytest.mark.parametrize("letter", ["q", "Q"])
def test_letters_that_stop(steered, letter):
    server = steered()
    command(server, letter)
    assert server.process.wait(10) == 0


def test_a_digit_opens_another_fifo(steered):
    server = steered("--master-fifo", "second")
    command(server, "1")
    wait_until((server.folder / "second").exists)
    server.wait_for_log("master fifo: .*second")
    (server.folder / "second").write_text("s")
    server.wait_for_log("2 workers of 2 at most")


def test_a_file_in_the_place_of_the_fifo_ends_the_start(tmp_path):
    write(tmp_path, "fifo", "mine")
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--master-fifo", "fifo")
    assert done.returncode == 79 and "master-fifo fifo: there is another file of that name (remove it or choose another)" in done.stdout
    assert (tmp_path / "fifo").read_text() == "mine"


def test_a_descriptor_that_can_be_read_is_a_reload(tmp_path):
    write(tmp_path, "app.py", APP + "for fd in os.listdir('/proc/self/fd'): assert not os.path.realpath('/proc/self/fd/' + fd).endswith(os.environ['PIPE']), fd\n")
    reading, writing = os.pipe()
    server = Mortise(tmp_path, start=False)
    with open(server.log_path, "wb") as log:
        server.env["PIPE"] = os.readlink("/proc/self/fd/%d" % reading)
        server.process = subprocess.Popen(
            [BINARY, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--reload-on-fd", str(reading)],
            cwd=tmp_path, env=server.env, stdout=log, stderr=log, pass_fds=[reading], start_new_session=True,
        )  # fmt: skip
    try:
        os.close(reading)
        server.wait_for_log("loaded in")
        for reloads in (1, 2):
            os.write(writing, b"x")
            server.wait_for_log("reload done", count=reloads)
        os.close(writing)
        server.wait_for_log(r"reload-on-fd = \d+: nobody writes to it any more \(not watched any more\)")
        assert server.get().status == 200
        assert server.log.count("reload: a trial") == 2
        server.stop()
    finally:
        server.kill()


def test_a_descriptor_that_is_not_there_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--reload-on-fd", "77")
    assert done.returncode == 79 and "reload-on-fd = 77: there is no such descriptor" in done.stdout


def test_a_fifo_that_another_server_reads_ends_the_start(steered, tmp_path):
    server = steered()
    done = run(server.folder, "--http-socket", "127.0.0.1:0", "--need-app=false", "--master-fifo", "fifo")
    assert done.returncode == 79
    assert "master-fifo fifo: another server reads it (stop that one, or choose another name)" in done.stdout
    command(server, "s")
    server.wait_for_log("2 workers of 2 at most")


def test_a_server_whose_master_was_killed_can_be_started_at_the_same_fifo_at_once(tmp_path):
    write(tmp_path, "app.py", APP + "import time\ntime.sleep(0.3)\n")
    server = Mortise(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--master-fifo", "fifo")
    server.wait_for_log(r"master \(pid %d\) started" % server.process.pid)
    server.signal(signal.SIGKILL)
    server.process.wait()
    server.start()
    server.wait_for_log(r"master \(pid %d\) started" % server.process.pid)
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_fifo_made_before_root_is_given_up_is_read_after_reloads_and_removed(steered, tmp_path):
    for each in [tmp_path, *tmp_path.parents]:
        if each.stat().st_uid == 0 and each != each.parent:
            each.chmod(each.stat().st_mode | 0o055)
    folder = tmp_path / "fifos"
    folder.mkdir()
    folder.chmod(0o777)
    server = steered("--uid", "65534", "--gid", "65534", "--master-fifo", folder / "other", "--vacuum", fifo=folder / "first")
    for reloads in (1, 2):
        (folder / "first").write_text("r")
        server.wait_for_log("reload done", count=reloads)
    assert (folder / "first").stat().st_uid == 65534
    (folder / "first").chmod(0)  # the next generation could not open it: this one goes on reading it
    server.signal(signal.SIGHUP)
    server.wait_for_log(r"master-fifo %s: Permission denied \(remove it, or give it to the user of the server\)" % (folder / "first"))
    server.wait_for_log("reload failed .*the old processes go on")
    (folder / "first").write_text("s")
    server.wait_for_log("2 workers of 2 at most")
    server.stop()
    assert not list(folder.iterdir())
