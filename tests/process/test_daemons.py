"""Programs that the server runs beside itself: attach-daemon and its relatives, with real programs."""

import os
import re
import signal
import time

import pytest

from mortise import Mortise, runs, text_of, wait_for_text, wait_until, write

APP = """
import time
def application(env, start_response):
    if env['PATH_INFO'] == '/slow':
        time.sleep(1.5)
    start_response('200 OK', [])
    return [b'hello']
"""


def pids(path):
    return [int(word) for word in text_of(path).split()]


@pytest.fixture
def daemon(tmp_path):
    """command(extra): a command that appends its pid to a file and stays; the file."""
    path = tmp_path / "pids"
    return "echo $$ >> %s; %%sexec sleep 1000" % path, path


def test_a_daemon_runs_beside_the_server_and_ends_with_it(wsgi, daemon):
    command, path = daemon
    server = wsgi(APP, "--attach-daemon", command % "")
    wait_until(lambda: pids(path))
    pid = pids(path)[0]
    assert runs(pid)
    server.stop()
    assert not runs(pid)


def test_a_daemon_that_dies_is_started_again(wsgi, daemon):
    command, path = daemon
    wsgi(APP, "--attach-daemon", command % "")
    for turn in range(1, 4):
        wait_until(lambda: len(pids(path)) == turn)  # noqa: B023
        wait_until(lambda: runs(pids(path)[-1]))
        os.kill(pids(path)[-1], signal.SIGKILL)


def test_a_daemon_that_does_not_stay_is_started_less_and_less_often(wsgi, tmp_path):
    wsgi(APP, "--attach-daemon", "echo $$ >> %s/pids" % tmp_path)
    time.sleep(3)
    assert 2 <= len(pids(tmp_path / "pids")) <= 5


def test_daemons_end_when_the_workers_are_gone(wsgi, tmp_path):
    out = tmp_path / "out"
    server = wsgi(APP, "--attach-daemon", "trap 'echo stopped >> %s; exit' TERM; echo started >> %s; while :; do sleep 0.05; done" % (out, out))
    wait_until(out.exists)
    with server.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert out.read_text() == "started\n", "a worker still has a request"
        assert b"hello" in client.recv(4096) + client.recv(4096)
    server.process.wait(10)
    assert out.read_text() == "started\nstopped\n"


def test_a_daemon_that_does_not_stop_is_killed_in_time(wsgi, tmp_path):
    path = tmp_path / "pids"
    server = wsgi(APP, "--reload-mercy", "2", "--attach-daemon", "echo $$ >> %s; trap '' TERM; while :; do sleep 0.05; done" % path)
    wait_until(lambda: pids(path))
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 4
    assert not runs(pids(path)[0])


def test_the_whole_of_a_shell_command_ends(wsgi, tmp_path):
    path = tmp_path / "pids"
    server = wsgi(APP, "--attach-daemon", "(echo $$ >> {0}; sh -c 'echo $$ >> {0}; exec sleep 1000') | cat".format(path))
    wait_until(lambda: len(pids(path)) == 2)
    server.stop()
    wait_until(lambda: not any(runs(pid) for pid in pids(path)))


def test_keys_say_how_a_daemon_is_run(wsgi, tmp_path):
    touch = tmp_path / "touch"
    touch.write_text("")
    path = tmp_path / "out"
    script = tmp_path / "script"
    script.write_text("trap 'echo usr1 >> {0}; exit' USR1\necho $(id -u) $(id -g) $(pwd) >> {0}\nwhile :; do sleep 0.05; done\n".format(path))
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        parent.chmod(0o755)
    path.write_text("")
    path.chmod(0o666)
    server = wsgi(APP, "--attach-daemon2", "cmd=sh %s,stopsignal=10,uid=nobody,gid=nogroup,chdir=/,touch=%s" % (script, touch))
    wait_until(lambda: path.read_text() == "65534 65534 /\n", what=path.read_text)
    os.utime(touch, (1, 1))
    wait_until(lambda: path.read_text() == "65534 65534 /\nusr1\n65534 65534 /\n", what=path.read_text)
    server.stop()
    assert path.read_text().count("usr1") == 2


def test_the_server_ends_with_its_control_daemon(wsgi, daemon):
    command, path = daemon
    server = wsgi(APP, "--attach-control-daemon", command % "")
    wait_until(lambda: pids(path))
    os.kill(pids(path)[0], signal.SIGKILL)
    assert server.process.wait(10) == 0
    assert "the server stops with its control daemon" in server.log


def test_a_smart_daemon_outlives_the_server_and_is_found_again(wsgi, tmp_path):
    pidfile = tmp_path / "smart.pid"
    args = ("--smart-attach-daemon", "%s sh -c 'echo $$ > %s; exec sleep 1000'" % (pidfile, pidfile))
    server = wsgi(APP, *args)
    wait_until(lambda: pids(pidfile))
    pid = pids(pidfile)[0]
    try:
        server.get("/")
        server.stop()
        assert runs(pid)
        server = wsgi(APP, *args)
        server.wait_for_log("runs already .pid %d" % pid)
        assert pids(pidfile) == [pid]
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_smart_daemon_in_the_background_is_started_again_when_it_is_gone(wsgi, tmp_path):
    pidfile = tmp_path / "smart.pid"
    script = tmp_path / "daemonize"
    script.write_text("sleep 1000 > /dev/null 2>&1 &\necho $! > %s\n" % pidfile)
    wsgi(APP, "--attach-daemon2", "cmd=sh %s,pidfile=%s,daemonize=1,freq=1" % (script, pidfile))
    wait_until(lambda: pids(pidfile))
    first = pids(pidfile)[0]
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: next((pid for pid in pids(pidfile) if pid != first), None))  # the file is empty in between
    wait_until(lambda: runs(second))
    os.kill(second, signal.SIGKILL)


def test_a_smart_daemon_that_goes_into_the_background_by_itself_is_not_started_beside_itself(wsgi, tmp_path):
    pidfile, starts = tmp_path / "smart.pid", tmp_path / "starts"
    script = tmp_path / "daemonize"
    script.write_text("sleep 1000 > /dev/null 2>&1 &\necho $! >> %s\necho $! > %s\n" % (starts, pidfile))
    server = wsgi(APP, "--attach-daemon2", "cmd=sh %s,pidfile=%s,freq=1" % (script, pidfile))
    try:
        server.wait_for_log(r"runs already \(pid %d\)" % wait_until(lambda: pids(pidfile))[0])
        os.kill(pids(pidfile)[0], signal.SIGKILL)
        server.wait_for_log("runs already", count=2)
        server.stop()
        assert len(pids(starts)) == 2
        assert runs(pids(starts)[1])
    finally:
        for pid in filter(runs, pids(starts)):
            os.kill(pid, signal.SIGKILL)


def test_a_reload_replaces_daemons_one_after_the_other(wsgi, daemon):
    command, path = daemon
    server = wsgi(APP, "--attach-daemon", command % "")
    wait_until(lambda: pids(path))
    server.get("/")
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    wait_until(lambda: len(pids(path)) == 2)
    first, second = pids(path)
    assert not runs(first), "two at once would fight for their port"
    wait_until(lambda: runs(second))
    server.stop()
    assert not runs(second)


def test_no_daemon_is_left_when_the_master_or_their_keeper_is_killed(tmp_path, daemon):
    command, path = daemon
    write(tmp_path, "app.py", APP)
    server = Mortise(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--attach-daemon", command % "")
    try:
        wait_until(lambda: pids(path))
        keeper = int(server.wait_for_log(r"daemons \(pid (\d+)\) started").group(1))
        os.kill(keeper, signal.SIGKILL)
        wait_until(lambda: len(pids(path)) == 2)
        first, second = pids(path)
        wait_until(lambda: not runs(first))
        os.kill(server.process.pid, signal.SIGKILL)
        wait_until(lambda: not runs(second))
    finally:
        server.kill()


def test_daemons_get_no_descriptor_of_the_server_and_usual_signals(wsgi, tmp_path):
    out = tmp_path / "out"
    wsgi(APP, "--attach-daemon", "ls -l /proc/self/fd > {0}; grep SigBlk /proc/self/status >> {0}; grep SigIgn /proc/self/status >> {0}; echo end >> {0}; sleep 1000".format(out))
    text = wait_for_text(out, "end")
    assert " 0 -> /dev/null" in text
    assert len([line for line in text.splitlines() if "->" in line]) == 4  # 0 to 2 and the folder that ls reads
    masks = {name: int(mask, 16) for name, mask in re.findall(r"(Sig...):\t([0-9a-f]+)", text)}
    assert masks["SigBlk"] == 0
    assert masks["SigIgn"] & ~(3 << 31) == 0  # 32 and 33 are the C library's own: nobody can set them


@pytest.mark.parametrize("option, message", [
    ("--attach-daemon2=pidfile=x", "there is no command"),
    ("--attach-daemon2=cmd=x,colour=red", r"unknown key \(there are: cmd, pidfile"),
    ("--smart-attach-daemon=/run/x.pid", "it must be a pid file and a command"),
    ("--cron=1 2 3 command", "it must be minute, hour, day, month, weekday"),
    ("--cron=61 -1 -1 -1 -1 command", "it must be minute, hour, day, month, weekday"),
    ("--cron2=minute=99 command", "a time is out of range"),
    ("--cron2=second=1 command", r"unknown key \(there are: minute"),
])
def test_what_cannot_be_understood_is_refused(mortise, option, message):
    with pytest.raises(AssertionError, match=message):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", option)
