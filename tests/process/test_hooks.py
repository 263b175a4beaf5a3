"""Actions of the configuration in the phases of the server's life: hook-…, exec-…, touch-…, unix_signal."""

import os
import re
import signal

import pytest

from mortise import text_of, wait_for_text, wait_until, write

APP = """
def application(env, start_response):
    start_response('200 OK', [])
    return [b'hello']
"""


@pytest.fixture
def said(wsgi, tmp_path):
    """start(*args): (server, function that tells the lines that actions wrote into the file SAID so far)."""
    path = tmp_path / "said"

    def start(*args, **kwargs):
        server = wsgi(APP, *[str(arg).replace("SAID", str(path)) for arg in args], **kwargs)
        server.get("/")
        return server, lambda: text_of(path).splitlines()

    return start


def test_phases_come_in_order_and_where_they_belong(said):
    phases = ["asap", "pre-jail", "post-jail", "in-jail", "as-root", "as-user", "pre-app", "post-app", "post-fork", "accepting",
              "accepting1", "accepting-once", "accepting1-once", "master-start"]
    args = [word for phase in phases for word in ("--hook-" + phase, "appendn:SAID " + phase)]
    server, lines = said("--workers", "2", *args)
    each_worker = ["post-fork", "post-app", "accepting", "accepting-once"]
    wait_until(lambda: len(lines()) == 8 + 2 * 4 + 2, what=lambda: lines())
    told = lines()
    assert told[:7] == ["asap", "pre-jail", "post-jail", "in-jail", "as-root", "as-user", "pre-app"]
    for phase in each_worker:
        assert told.count(phase) == 2
    for phase in ["accepting1", "accepting1-once", "master-start"]:
        assert told.count(phase) == 1
    assert told.index("post-fork") < told.index("post-app") < told.index("accepting")
    server.stop()


def test_mules_and_gateways_have_phases_of_their_own(said):
    _, lines = said("--http", "127.0.0.1:0", "--mules", "2", "--hook-as-mule", "appendn:SAID mule", "--hook-as-gateway", "appendn:SAID gateway",
                    "--hook-post-fork", "appendn:SAID worker")
    wait_until(lambda: sorted(lines()) == ["gateway", "mule", "mule", "worker"], what=lambda: lines())


def test_what_comes_once_comes_once_whatever_dies_or_is_reloaded(said):
    server, lines = said("--hook-accepting", "appendn:SAID each", "--hook-accepting1-once", "appendn:SAID once")
    wait_until(lambda: "each" in lines())
    worker = int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1))
    server.get()  # it is ready
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: lines().count("each") == 2)
    server.signal(signal.SIGHUP)
    wait_until(lambda: lines().count("each") >= 3)
    server.wait_for_log("reload done")
    assert lines().count("once") == 1


def test_the_old_workers_serve_until_hook_accepting_of_the_new_ones_has_run(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--workers", "2", "--wsgi-file", "app.py", "--hook-accepting", "touch:began",
                     "--hook-accepting", "exec:while test -e hold; do sleep 0.02; done",
                     files={"app.py": "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'old']\n"})
    assert server.get().text == "old"
    (server.folder / "began").unlink()
    write(server.folder, "hold", "")
    write(server.folder, "app.py", (server.folder / "app.py").read_text().replace("old", "new"))
    server.signal(signal.SIGHUP)
    wait_until((server.folder / "began").exists)
    assert [server.get().text for _ in range(10)] == ["old"] * 10
    assert "reload done" not in server.log
    (server.folder / "hold").unlink()
    server.wait_for_log("reload done")
    server.wait_for_log(r"old worker \d \(pid \d+\) stopped", count=2)
    assert server.get().text == "new"


def test_a_command_at_the_end_runs_when_all_workers_are_gone(said):
    children = "cat /proc/$PPID/task/$PPID/children | wc -w"
    server, lines = said("--exec-as-user-atexit", "echo end `%s` >> SAID" % children, "--hook-as-user-atexit", "appendn:SAID last")
    server.stop()
    assert lines() == ["end 1", "last"]  # the shell itself is the one child


def test_a_command_that_the_master_waits_for_is_ended_by_a_further_request_to_stop(said, tmp_path):
    server, lines = said("--hook-as-user-atexit", "exec:echo began >> SAID; exec sleep 60", "--hook-as-user-atexit", "exec:echo behind >> SAID")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: lines() == ["began"])
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert re.search(r"command 'echo began >> .*; exec sleep 60' \(pid \d+\) is ended: the server is told to stop", server.log)


def test_commands_and_functions(said):
    server, lines = said("--exec-pre-app", "echo pre-app >> SAID", "--hook-asap", "exec:echo asap >> SAID", "--call-post-app", "uwsgi_micros",
                         "--hook-post-app", "callint:uwsgi_start_worker 0")
    assert lines() == ["asap", "pre-app"]


def test_a_command_that_fails_before_the_workers_start_ends_the_server(mortise):
    with pytest.raises(AssertionError, match=r"hook asap: 'exec:exit 3' failed \(the process ends\)"):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", "--exec-asap", "exit 3")


def test_an_action_that_nobody_knows_is_told_with_those_that_there_are(mortise):
    with pytest.raises(AssertionError, match=r"hook asap: 'dance:now': there is no action 'dance' \(there are: cd, chdir, write"):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", "--hook-asap", "dance:now")


def test_files_are_made_moved_and_removed(said, tmp_path):
    actions = [
        "mkdir:{0}/d", "write:{0}/d/a hello world", "append:{0}/d/a !", "appendn:{0}/d/a ?", "copy:{0}/d/a {0}/d/b",
        "rename:{0}/d/b {0}/d/c", "symlink:c {0}/d/l", "hardlink:{0}/d/c {0}/d/h", "touch:{0}/d/t", "create:{0}/d/e", "chmod:{0}/d/a 604",
        "unlink:{0}/d/t", "writen:{0}/d/n line", "cd:{0}/d", "setenv:HOOKED=yes", "exec:echo $HOOKED `pwd` > {0}/env", "cd:{0}/0",
    ]
    said(*[word for action in actions for word in ("--hook-as-root", action.format(tmp_path))])
    folder = tmp_path / "d"
    assert (folder / "a").read_text() == "hello world!?\n" == (folder / "c").read_text() == (folder / "h").read_text()
    assert os.readlink(folder / "l") == "c"
    assert (folder / "a").stat().st_mode & 0o777 == 0o604
    assert (folder / "n").read_text() == "line\n"
    assert sorted(path.name for path in folder.iterdir()) == ["a", "c", "e", "h", "l", "n"]
    assert (tmp_path / "env").read_text() == "yes %s\n" % folder


def test_waiting_for_what_is_there_and_what_is_not(mortise, tmp_path):
    with pytest.raises(AssertionError, match=r"hook: \S+/absent did not come within 0 s"):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", "--hook-asap", "wait_for_dir:%s" % tmp_path, "--hook-asap", "wait_for_iface:lo",
                "--hook-asap", "wait_for_file:%s/absent 0" % tmp_path)


def test_options_that_wait_and_that_watch_mounts(mortise, tmp_path):
    with pytest.raises(AssertionError, match=r"hook: \S+/absent did not come within 1 s"):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", "--wait-for-dir", tmp_path, "--check-mount", "/proc", "--wait-for-fs-timeout", "1",
                "--wait-for-file", tmp_path / "absent")


def test_a_server_without_its_mount_does_not_start(mortise, tmp_path):
    with pytest.raises(AssertionError, match=r"check-mount = \S+: nothing is mounted there"):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", "--check-mount", tmp_path)


def test_the_idiom_for_a_graceful_stop(said):
    server, _ = said("--hook-master-start", "unix_signal:15 gracefully_kill_them_all", "--hook-master-start", "print:armed")
    server.wait_for_log("armed")
    server.signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert "mortise stopped" in server.log
    assert "SIGTERM: as a hook says" in server.log


@pytest.mark.parametrize("number, function, outcome", [
    (signal.SIGHUP, "gracefully_kill_them_all", "mortise stopped"),
    (signal.SIGUSR1, "kill_them_all", "mortise stopped"),
    (signal.SIGRTMIN + 3, "grace_them_all", "reload done"),
    (signal.SIGUSR2, "reap_them_all", "reload done"),
])
def test_signals_do_what_a_hook_says(said, number, function, outcome):
    server, _ = said("--hook-master-start", "unix_signal:%d %s" % (number, function), "--hook-master-start", "print:armed")
    server.wait_for_log("armed")
    server.signal(number)
    wait_until(lambda: outcome in server.log, what=lambda: server.log)


def test_after_a_signal_to_the_hooked_number_workers_have_the_default(wsgi):
    server = wsgi("""
import signal
def application(env, start_response):
    start_response('200 OK', [])
    return [signal.getsignal(signal.SIGUSR1).name.encode()]
""", "--hook-master-start", "unix_signal:10 grace_them_all")
    server.get("/")
    assert "SIG_DFL" in server.get("/").text


def test_touched_files_run_commands_actions_and_signals(wsgi, tmp_path):
    for name in "abc":
        (tmp_path / name).write_text("")
    server = wsgi("""
import uwsgi
def heard(number):
    open('heard', 'w').write(str(number))
uwsgi.register_signal(17, '', heard)
""" + APP, "--touch-exec", "%s/a echo touched > %s/out" % (tmp_path, tmp_path), "--hook-touch", "%s/b write:%s/hooked yes" % (tmp_path, tmp_path),
                  "--touch-signal", "%s/c 17" % tmp_path)
    server.get("/")
    for name in "abc":
        os.utime(tmp_path / name, (1, 1))
    wait_for_text(tmp_path / "out", r"\Atouched\n\Z")
    wait_until((tmp_path / "hooked").exists)
    wait_until((server.folder / "heard").exists)


def test_a_trial_of_a_reload_changes_nothing(said):
    server, lines = said("--hook-asap", "appendn:SAID asap")
    (server.folder / "app.py").write_text("raise RuntimeError\n")
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload failed")
    assert lines() == ["asap"]
