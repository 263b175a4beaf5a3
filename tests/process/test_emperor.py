"""An emperor starts, reloads, restarts and stops the servers of a folder."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from mortise import BINARY, run, wait_until

APP = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'%s']\n"


def vassal(folder, name, answer):
    (folder / "apps").mkdir(exist_ok=True)
    (folder / "vassals").mkdir(exist_ok=True)
    (folder / "apps" / (name + ".py")).write_text(APP % answer)
    (folder / "vassals" / (name + ".ini")).write_text(
        "[uwsgi]\nhttp-socket = %s/%s.sock\nwsgi-file = %s/apps/%s.py\n[emperor]\ncolour = green\n" % (folder, name, folder, name)
    )
    return folder / "vassals" / (name + ".ini")


def ask(folder, name):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(folder / (name + ".sock")))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: client.recv(4096), b"")).rsplit(b"\r\n\r\n", 1)[-1].decode()


def answers(folder, name, text):
    def asked():
        try:
            return ask(folder, name) == text
        except OSError:
            return False

    wait_until(asked, what="%s answers %s" % (name, text))


@pytest.fixture
def emperor(tmp_path):
    """start(*args): an emperor over tmp_path/vassals that looks every second."""
    processes = []

    def start(*args):
        (tmp_path / "vassals").mkdir(exist_ok=True)
        log = open(tmp_path / "emperor.log", "wb")
        process = subprocess.Popen([BINARY, "--emperor", str(tmp_path / "vassals"), "--emperor-freq", "1", *args],
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()
    log = (tmp_path / "emperor.log").read_text()
    assert "Traceback" not in log, log


def log_of(folder):
    return (folder / "emperor.log").read_text(errors="replace")


def test_vassals_come_change_and_go_with_their_files(emperor, tmp_path):
    first = vassal(tmp_path, "first", "one")
    emperor()
    answers(tmp_path, "first", "one")
    second = vassal(tmp_path, "second", "two")
    answers(tmp_path, "second", "two")
    (tmp_path / "apps" / "first.py").write_text(APP % "changed")
    os.utime(first, (time.time() + 5, time.time() + 5))
    answers(tmp_path, "first", "changed")
    assert "its configuration changed, reloading it" in log_of(tmp_path)
    second.unlink()
    wait_until(lambda: "vassal %s removed" % second in log_of(tmp_path), what="the second vassal is removed")
    assert not (tmp_path / "second.sock").exists()
    assert ask(tmp_path, "first") == "changed"


def test_a_vassal_that_was_killed_is_started_again(emperor, tmp_path):
    path = vassal(tmp_path, "first", "one")
    emperor("--emperor-throttle", "100", "--emperor-stats", str(tmp_path / "stats.sock"))
    answers(tmp_path, "first", "one")

    def state():
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "stats.sock"))
            return json.loads(b"".join(iter(lambda: client.recv(65536), b"")))["vassals"][0]

    before = state()
    assert before["id"] == str(path) and before["respawns"] == 0
    os.kill(before["pid"], signal.SIGKILL)
    wait_until(lambda: state()["pid"] not in (0, before["pid"]), what="another process")
    answers(tmp_path, "first", "one")
    assert state()["respawns"] == 1
    assert "ended: signal 9 (started again in 100 ms)" in log_of(tmp_path)


@pytest.mark.parametrize("option", ["--emperor-stats", "--emperor-stats-server"])
@pytest.mark.parametrize("kind", [socket.AF_UNIX, socket.AF_INET])
def test_the_state_is_told_by_the_next_emperor_after_a_reload(emperor, tmp_path, option, kind):
    vassal(tmp_path, "first", "one")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname() if kind == socket.AF_INET else str(tmp_path / "stats.sock")
    process = emperor(option, "%s:%d" % address if kind == socket.AF_INET else address)
    answers(tmp_path, "first", "one")

    def told_by():
        with socket.socket(kind) as client:
            client.settimeout(10)
            client.connect(address)
            return json.loads(b"".join(iter(lambda: client.recv(65536), b"")))["pid"]

    old = told_by()
    for reloads in (1, 2):
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: log_of(tmp_path).count("reload done") == reloads, what=lambda: log_of(tmp_path))
        wait_until(lambda: told_by() != old and not os.path.exists("/proc/%d" % old), what="the old emperor is gone")
        old = told_by()
    answers(tmp_path, "first", "one")
    assert "respawning" not in log_of(tmp_path)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_vassal_that_was_told_to_stop_is_started_again_while_its_file_is_there(emperor, tmp_path, signum):
    path = vassal(tmp_path, "first", "one")
    emperor("--emperor-throttle", "100")
    answers(tmp_path, "first", "one")
    started = re.compile(r"vassal %s \(pid (\d+)\) started" % re.escape(str(path)))
    os.kill(int(started.findall(log_of(tmp_path))[-1]), signum)
    wait_until(lambda: len(started.findall(log_of(tmp_path))) == 2, what="another process")
    answers(tmp_path, "first", "one")
    assert "ended: status 0 (started again in 100 ms)" in log_of(tmp_path)
    path.unlink()
    wait_until(lambda: "vassal %s removed" % path in log_of(tmp_path), what="the vassal is removed")
    assert len(started.findall(log_of(tmp_path))) == 2


def test_a_vassal_that_goes_into_exile_stays_away_until_its_file_changes(emperor, tmp_path):
    path = vassal(tmp_path, "first", "one")
    wrapper = tmp_path / "wrapper"
    wrapper.write_text("#!/bin/sh\nexit 26\n")
    wrapper.chmod(0o755)
    emperor("--emperor-throttle", "100", "--emperor-wrapper", str(wrapper))
    wait_until(lambda: "left with status 26; it is started again when its configuration changes" in log_of(tmp_path))
    assert "started again in" not in log_of(tmp_path)
    os.utime(path, (time.time() + 5, time.time() + 5))
    wait_until(lambda: log_of(tmp_path).count("left with status 26") == 2)


def test_a_vassal_with_a_broken_configuration_does_not_disturb_the_others(emperor, tmp_path):
    vassal(tmp_path, "good", "fine")
    (tmp_path / "vassals" / "bad.ini").write_text("[uwsgi]\nhttp-socket = nonsense:port\nwsgi-file = nowhere.py\n")
    emperor("--emperor-throttle", "200")
    answers(tmp_path, "good", "fine")
    wait_until(lambda: log_of(tmp_path).count("vassal %s" % (tmp_path / "vassals" / "bad.ini")) >= 4, 20, "it is tried again")
    assert "(started again in 400 ms)" in log_of(tmp_path)
    assert ask(tmp_path, "good") == "fine"


def test_vassals_end_with_an_emperor_that_is_killed(emperor, tmp_path):
    vassal(tmp_path, "first", "one")
    process = emperor()
    answers(tmp_path, "first", "one")
    process.send_signal(signal.SIGKILL)
    process.wait()

    def refused():
        try:
            ask(tmp_path, "first")
        except OSError:
            return True

    wait_until(refused, what="the vassal is gone")
    process.returncode = 0


def started(folder, path):
    return [int(pid) for pid in re.findall(r"vassal %s \(pid (\d+)\) started" % re.escape(str(path)), log_of(folder))]


def reload_emperor(process, folder, times=1):
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: log_of(folder).count("go on with the emperor of the next generation") == times, what="the emperor is another")
    wait_until(lambda: log_of(folder).count("its emperor was reloaded, reloading it") == times, what="the vassal is reloaded")
    wait_until(lambda: log_of(folder).count("reload done") == 2 * times, what="both reloads are done")


def is_gone(folder, name):
    try:
        ask(folder, name)
    except OSError:
        return True


SLOW = """
import time
def application(environ, start_response):
    slow = environ['PATH_INFO'] == '/slow'
    time.sleep(3 if slow else 0)
    start_response('200 OK', [])
    return [b'slow' if slow else b'one']
"""


@pytest.mark.parametrize("args", [[], ["--master"]])
def test_vassals_serve_on_while_their_emperor_is_reloaded(emperor, tmp_path, args):
    path = vassal(tmp_path, "first", "one")
    (tmp_path / "apps" / "first.py").write_text(SLOW)
    path.write_text(path.read_text().replace("[emperor]", "processes = 2\n[emperor]"))
    process = emperor(*args)
    answers(tmp_path, "first", "one")
    with socket.socket(socket.AF_UNIX) as slow:
        slow.settimeout(20)
        slow.connect(str(tmp_path / "first.sock"))
        slow.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        process.send_signal(signal.SIGHUP)

        def reloaded():
            assert ask(tmp_path, "first") == "one"  # never refused
            return log_of(tmp_path).count("reload done") == 2

        wait_until(reloaded, what="emperor and vassal are reloaded")
        assert b"".join(iter(lambda: slow.recv(4096), b"")).endswith(b"slow")
    assert "1 vassals go on with the emperor of the next generation" in log_of(tmp_path)
    assert len(started(tmp_path, path)) == 1


def test_the_next_emperor_does_for_vassals_what_the_one_before_did(emperor, tmp_path):
    path = vassal(tmp_path, "first", "one")
    process = emperor("--emperor-throttle", "100", "--emperor-pidfile", str(tmp_path / "emperor.pid"))
    answers(tmp_path, "first", "one")
    reload_emperor(process, tmp_path, 1)
    reload_emperor(process, tmp_path, 2)
    (first,) = started(tmp_path, path)
    (tmp_path / "apps" / "first.py").write_text(APP % "changed")
    os.utime(path, (time.time() + 5, time.time() + 5))
    answers(tmp_path, "first", "changed")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(started(tmp_path, path)) == 2, what="it is started again")
    assert "vassal %s ended (started again in 100 ms)" % path in log_of(tmp_path)
    answers(tmp_path, "first", "changed")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: log_of(tmp_path).count("go on with the emperor of the next generation") == 3)
    assert (tmp_path / "emperor.pid").exists()
    path.unlink()
    wait_until(lambda: "vassal %s removed" % path in log_of(tmp_path), what="the vassal is removed")
    assert not (tmp_path / "first.sock").exists()


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_vassals_that_outlived_an_emperor_end_with_the_next_one(emperor, tmp_path, signum):
    path = vassal(tmp_path, "first", "one")
    process = emperor()
    answers(tmp_path, "first", "one")
    reload_emperor(process, tmp_path)
    process.send_signal(signum)
    assert process.wait(30) == (-signum if signum == signal.SIGKILL else 0)
    wait_until(lambda: is_gone(tmp_path, "first"), what="the vassal is gone")
    assert len(started(tmp_path, path)) == 1
    process.returncode = 0


def test_a_vassal_whose_source_is_no_longer_named_is_stopped_by_the_next_emperor(emperor, tmp_path):
    kept, path = vassal(tmp_path, "kept", "two"), tmp_path / "more" / "first.ini"
    path.parent.mkdir()
    vassal(tmp_path, "first", "one").rename(path)
    config = tmp_path / "emperor.ini"
    config.write_text("[uwsgi]\nemperor = %s\n" % path.parent)
    process = emperor("--ini", str(config))
    answers(tmp_path, "first", "one")
    answers(tmp_path, "kept", "two")
    config.write_text("[uwsgi]\n")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: "vassal %s removed" % path in log_of(tmp_path), what="the vassal is removed")
    assert is_gone(tmp_path, "first")
    assert ask(tmp_path, "kept") == "two" and len(started(tmp_path, kept)) == 1


def test_every_vassal_gets_the_options_of_the_emperor(emperor, tmp_path):
    vassal(tmp_path, "first", "one")
    emperor("--vassals-set", "processes=3")
    answers(tmp_path, "first", "one")
    wait_until(lambda: "worker 3 (pid" in log_of(tmp_path), what="a third worker")


def test_a_source_that_is_nothing_is_refused(tmp_path):
    result = run(tmp_path, "--emperor", "nowhere://x")
    assert ("emperor = nowhere://x: No such file or directory (name a folder, a pattern such as /etc/uwsgi/*.ini, or a "
            "monitor of a plugin that is loaded)") in result.stdout
    assert result.returncode != 0


def test_hooks_run_in_the_emperor_and_in_each_vassal(emperor, tmp_path):
    vassal(tmp_path, "first", "one")
    emperor("--hook-as-emperor", "print:the emperor is here", "--hook-as-vassal", "print:a vassal is born")
    answers(tmp_path, "first", "one")
    assert "the emperor is here" in log_of(tmp_path)
    assert "a vassal is born" in log_of(tmp_path)


def test_a_vassal_whose_heartbeat_stops_is_killed_and_started_again(emperor, tmp_path):
    path = vassal(tmp_path, "first", "one")
    path.write_text(path.read_text().replace("[emperor]", "heartbeat = 1\n[emperor]"))
    quiet = vassal(tmp_path, "quiet", "two")  # never sent one, so none is missed
    emperor("--emperor-throttle", "100", "--emperor-required-heartbeat", "3")
    answers(tmp_path, "first", "one")
    answers(tmp_path, "quiet", "two")
    pid = int(re.search(r"vassal %s \(pid (\d+)\) started" % re.escape(str(path)), log_of(tmp_path)).group(1))
    os.utime(path, (time.time() + 5, time.time() + 5))  # a reload changes nothing
    wait_until(lambda: "reload done" in log_of(tmp_path))
    os.kill(pid, signal.SIGSTOP)
    message = "vassal %s sent no heartbeat for 3 s: killing it" % path
    wait_until(lambda: message in log_of(tmp_path), 20, "the silence is noticed")
    wait_until(lambda: log_of(tmp_path).count("vassal %s (pid " % path) >= 2, 20, "it is started again")
    answers(tmp_path, "first", "one")
    assert "vassal %s sent no" % quiet not in log_of(tmp_path)


CAN_UNSHARE = os.geteuid() == 0 and subprocess.run(["unshare", "--uts", "--pid", "--fork", "true"], capture_output=True).returncode == 0
NAMESPACES = "import os\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    return [repr([os.getpid(), os.readlink('/proc/thread-self/ns/uts')]).encode()]\n"


@pytest.mark.skipif(not CAN_UNSHARE, reason="no namespaces may be made here")
def test_vassals_have_namespaces_of_their_own(emperor, tmp_path):
    path = vassal(tmp_path, "first", "one")
    (tmp_path / "apps" / "first.py").write_text(NAMESPACES)
    emperor("--emperor-use-clone", "uts,pid,ipc")

    def told():
        try:
            return eval(ask(tmp_path, "first"))
        except (OSError, SyntaxError):
            return None

    pid, uts = wait_until(told, what="the vassal answers")
    assert pid < 30 and uts != os.readlink("/proc/self/ns/uts")
    os.utime(path, (time.time() + 5, time.time() + 5))
    wait_until(lambda: "reload done" in log_of(tmp_path))
    path.unlink()
    wait_until(lambda: "vassal %s removed" % path in log_of(tmp_path))
    assert "did not stop" not in log_of(tmp_path)


def test_a_namespace_that_is_none_is_refused(tmp_path):
    result = run(tmp_path, "--emperor", ".", "--emperor-use-clone", "ipc,time")
    assert result.returncode == 64
    assert "error: emperor-use-clone = ipc,time: there is no namespace 'time' (fs, ipc, net, pid, user, uts)" in result.stdout
