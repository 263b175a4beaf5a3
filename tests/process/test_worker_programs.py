"""Options about what surrounds the processes: their environment, programs in the place of workers, the end without workers."""

import os
import pathlib
import signal
import sys

import pytest
from mortise import BINARY, BUILD, children, run, state_of, wait_until, write

APP = """
import os
def application(environ, start_response):
    start_response("200 OK", [])
    return [repr(eval(environ.get("HTTP_X_EVAL", "os.getpid()"), {**globals(), **locals()})).encode()]
"""
HTTP = ("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py")


def ask(server, expression="os.getpid()"):
    return eval(server.get(headers={"X-Eval": expression}).text)


# ---- envdir ----


def environment_folder(folder):
    write(folder, "env/PLAIN", "value\n")
    write(folder, "env/BLANKS", " a b \t \n\n")
    write(folder, "env/LINES", "one\ntwo\n")
    (folder / "env/NUL").write_bytes(b"one\0two")
    write(folder, "env/LANG", "")
    write(folder, "env/GIVEN", "by the folder")
    write(folder, "env/.hidden", "x")
    (folder / "env/subfolder").mkdir()
    return folder / "env"


EXPECTED = {"PLAIN": "value", "BLANKS": " a b", "LINES": "one\ntwo", "NUL": "one\ntwo", "LANG": None, "GIVEN": "by the option", ".hidden": None, "subfolder": None}


@pytest.mark.parametrize("option", ["--envdir", "--early-envdir"])
def test_the_files_of_a_folder_are_the_environment(mortise, tmp_path, option):
    folder = environment_folder(tmp_path)
    server = mortise(*HTTP, option, folder, "--env", "GIVEN=by the option", files={"app.py": APP}, env={"LANG": "C.UTF-8"})
    assert ask(server, "{name: os.environ.get(name) for name in %r}" % list(EXPECTED)) == EXPECTED
    (folder / "PLAIN").unlink()
    write(folder, "NEW", "1")
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    wait_until(lambda: ask(server, "[os.environ.get('PLAIN'), os.environ.get('NEW')]") == [None, "1"])


def test_an_environment_folder_that_is_none_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--envdir", tmp_path / "none")
    assert done.returncode == 66
    assert "error: envdir: read %s/none: No such file or directory (it must be a folder of files that the server's user may read)" % tmp_path in done.stdout


def test_a_variable_has_no_equals_sign_in_its_name(tmp_path):
    write(tmp_path, "env/A=B", "x")
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--envdir", "env")
    assert done.returncode == 66 and "read env/A=B: a variable has no '=' in its name" in done.stdout


# ---- worker-exec ----

PROGRAM = """#!%s
import os, signal, socket, sys
listener = socket.socket(fileno=0)
assert listener.getblocking() and os.get_blocking(0), "the listener must wait"
while True:
    client, _ = listener.accept()
    client.recv(65536)
    ignored = [s for s in (signal.SIGPIPE, signal.SIGTERM) if signal.getsignal(s) == signal.SIG_IGN and s != signal.SIGPIPE]
    text = repr([os.getpid(), sys.argv[1:], ignored]).encode()
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %%d\\r\\nConnection: close\\r\\n\\r\\n%%s" %% (len(text), text))
    client.close()
""" % sys.executable


@pytest.mark.parametrize("option", ["--worker-exec", "--worker-exec2"])
@pytest.mark.parametrize("name, arguments", [("a program.py", []), ("program.py", ["one", "two words"])])
def test_a_program_takes_the_place_of_each_worker(mortise, tmp_path, option, name, arguments):
    program = write(tmp_path, name, PROGRAM)
    program.chmod(0o755)
    command = " ".join([str(program), *("'%s'" % each if " " in each else each for each in arguments)])
    server = mortise("--http-socket", "127.0.0.1:0", option, command, "--processes", "2")
    server.wait_for_log(r"worker \d \(pid \d+\) started", count=2)
    pid, given, ignored = eval(server.get().text)
    assert given == arguments and ignored == []
    assert pid in children(server.process.pid)
    os.kill(pid, signal.SIGKILL)
    server.wait_for_log(r"\(pid %d\) died: signal 9" % pid)
    assert server.get().status == 200
    server.signal(signal.SIGHUP)
    server.wait_for_log(r"old worker \d \(pid \d+\) stopped", count=2)  # it knows of no grace
    assert eval(server.get().text)[0] != pid


@pytest.mark.parametrize("option", ["worker-exec", "worker-exec2"])
def test_a_program_that_is_not_there_ends_the_start(tmp_path, option):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--" + option, "/no/such/program -x")
    assert done.returncode == 79
    assert "error: %s = /no/such/program -x: there is no such program, or it may not be executed" % option in done.stdout


# ---- die-on-no-workers ----


def worker_pids(server):
    return [int(server.wait_for_log(r"worker %d \(pid (\d+)\) started" % number).group(1)) for number in (1, 2)]


def kill_at_once(server, pids):
    server.signal(signal.SIGSTOP)  # it shall see all deaths at once
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(state_of(pid) == "Z" for pid in pids))
    server.signal(signal.SIGCONT)


@pytest.mark.parametrize("option, ends", [((), False), (("--die-on-no-workers",), True)])
def test_the_server_ends_with_its_last_worker_if_that_is_wanted(mortise, option, ends):
    server = mortise(*HTTP, "--processes", "2", *option, files={"app.py": APP})
    first, second = worker_pids(server)
    ask(server)
    wait_until(lambda: server.log.count(") started") >= 2)
    os.kill(first, signal.SIGKILL)
    server.wait_for_log(r"worker 1 \(pid (?!%d\))\d+\) started" % first)  # one was left
    assert ask(server) > 0
    kill_at_once(server, worker_pids(server))
    if ends:
        assert ends_without_workers(server)
    else:
        wait_until(lambda: server.log.count(") started") == 5)
        assert ask(server) > 0


def ends_without_workers(server):
    assert server.process.wait(15) == 0
    return "all workers are dead: the server ends (die-on-no-workers)" in server.log


SLOW_FIRST = """
import pathlib, time, uwsgi
while uwsgi.worker_id() == 1 and pathlib.Path("hold").exists():
    time.sleep(0.01)
"""


def test_the_last_worker_may_die_before_all_were_ready(mortise):
    files = {"app.py": SLOW_FIRST + APP, "hold": ""}
    server = mortise(*HTTP, "--lazy-apps", "--processes", "2", "--die-on-no-workers", files=files)
    pids = worker_pids(server)
    assert ask(server) == pids[1]
    kill_at_once(server, pids)
    assert ends_without_workers(server)


def test_workers_of_a_new_generation_are_not_dead_before_they_start(mortise):
    server = mortise(*HTTP, "--processes", "2", "--die-on-no-workers", files={"app.py": APP})
    before = worker_pids(server)
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    server.wait_for_log(r"old worker \d \(pid \d+\) stopped", count=2)
    after = worker_pids(server)
    assert not set(after) & set(before) and ask(server) in after
    kill_at_once(server, after)
    assert ends_without_workers(server)


# ---- forkbomb-delay ----


def test_the_pause_before_a_process_that_fails_is_started_again_can_be_fixed(mortise):
    server = mortise(*HTTP, "--mule=ends.py", "--forkbomb-delay", "1000", files={"app.py": APP, "ends.py": "pass\n"})
    left_ms = int(server.wait_for_log(r"mule \(pid \d+\) ended: exit status \d+ \(respawning in (\d+) ms\)").group(1))
    assert 900_000 < left_ms <= 1_000_000


# ---- mule-reload-mercy ----

SLOW_MULE = """
import time, uwsgi
def take(message):
    open("began", "w").close()
    time.sleep(%s)
    open("done", "w").close()
uwsgi.mule_msg_hook = take
def application(environ, start_response):
    uwsgi.mule_msg(b"work")
    start_response("200 OK", [])
    return [b"ok"]
"""


@pytest.mark.parametrize("mercy, reload_mercy, seconds, finishes", [(1, 30, 60, False), (20, 1, 3, True)])
def test_mules_have_a_time_of_their_own_to_stop(mortise, mercy, reload_mercy, seconds, finishes):
    server = mortise(*HTTP, "--mule", "--mule-reload-mercy", mercy, "--reload-mercy", reload_mercy, "--lazy-apps=false", files={"app.py": SLOW_MULE % seconds})
    server.get()
    wait_until((server.folder / "began").exists)
    server.stop()
    assert (server.folder / "done").exists() == finishes
    assert ("has not stopped within %d s: killed (mule-reload-mercy)" % mercy in server.log) != finishes


# ---- binary-path ----


@pytest.mark.timeout(120)
def test_a_reload_executes_another_program(mortise, tmp_path):
    other = tmp_path / "bin" / "mortise"
    other.parent.mkdir()
    other.write_bytes(pathlib.Path(BINARY).read_bytes())
    other.chmod(0o755)
    (tmp_path / "bin/plugins").symlink_to(BUILD / "plugins")
    server = mortise(*HTTP, "--binary-path", other, files={"app.py": APP})
    program = pathlib.Path("/proc/%d/exe" % server.process.pid)
    assert program.resolve() == pathlib.Path(BINARY).resolve()
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done", seconds=50)  # it has no index of the plugins
    assert program.resolve() == other
    assert ask(server) > 0


@pytest.mark.parametrize("path, why", [("/bin/true", "it is no mortise"), ("/no/such/uwsgi", "No such file or directory")])
def test_another_program_than_a_mortise_is_left_aside(mortise, path, why):
    server = mortise(*HTTP, "--binary-path", path, files={"app.py": APP})
    assert "warning: binary-path = %s: %s (a reload executes %s)" % (path, why, pathlib.Path(BINARY).resolve()) in server.log
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    assert ask(server) > 0


# ---- what is always so ----

ALWAYS = ["master", "enable-threads", "thunder-lock", "thunder-lock-watchdog", "die-on-term", "no-orphans", "reaper", "close-on-exec",
          "close-on-exec2", "ignore-sigpipe", "autoload", "skip-atexit-teardown", "honour-stdin", "tcp-nodelay",
          "ignore-write-errors", "disable-write-exception", "no-threads-wait"]  # fmt: skip


def test_what_is_always_so_may_be_asked_for_and_not_be_refused(tmp_path):
    rows = "".join("%s = true\n" % name for name in ALWAYS) + "ssl-tmp-dir = /tmp\n"
    asked = run(tmp_path, "--check", write(tmp_path, "on.ini", "[uwsgi]\n" + rows))
    assert "no effect" not in asked.stdout and "cannot be switched off" not in asked.stdout, asked.stdout
    refused = run(tmp_path, "--http-socket", "127.0.0.1:0", "--ini", write(tmp_path, "off.ini", "[uwsgi]\n" + rows.replace("true", "false")))
    for name in ALWAYS:
        assert "option '%s' cannot be switched off: it is how this server works" % name in refused.stdout
    told = run(tmp_path, "--help").stdout
    for name in [*ALWAYS, "ssl-tmp-dir"]:
        assert "--%s " % name in told
