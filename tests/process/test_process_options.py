"""Options about users, folders and addresses that are few lines each."""

import ast
import os
import pathlib
import signal
import socket

import pytest
from mortise import run, wait_until, write

APP = """
import os
def application(environ, start_response):
    body = repr([os.getpid(), os.geteuid(), os.getcwd(), os.getpriority(os.PRIO_PROCESS, 0)]).encode()  # nothing imported: another user may not read the library
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def told(server):
    """pid, user, folder and niceness of the worker."""
    return ast.literal_eval(server.get().text)


def open_to_all(folder):
    for each in [folder, *folder.parents]:
        if each.stat().st_uid == 0 and each != each.parent:
            each.chmod(each.stat().st_mode | 0o055)


def user_of(pid):
    return int(next(line for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines() if line.startswith("Uid:")).split()[2])


@as_root
@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_a_master_that_stays_root_has_workers_that_do_not(mortise, tmp_path, front):
    open_to_all(tmp_path)
    server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "--uid", NOBODY, "--gid", NOBODY, "--master-as-root", files={"app.py": APP})
    pid = server.process.pid
    for reloads in range(2):
        if reloads:
            server.signal(signal.SIGHUP)
            server.wait_for_log("reload done")
            wait_until(lambda: len(children(pid)) == (2 if front == "--http" else 1))
        assert told(server)[1] == NOBODY and user_of(pid) == 0
        assert {user_of(child) for child in children(pid)} == {NOBODY}


def children(pid):
    return [int(word) for word in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]


@as_root
def test_privileges_that_are_dropped_immediately_bind_no_more(tmp_path, mortise):
    open_to_all(tmp_path)
    write(tmp_path, "app.py", APP)
    done = run(tmp_path, "--socket", tmp_path / "app.sock", "--wsgi-file", tmp_path / "app.py", "--immediate-gid", NOBODY, "--immediate-uid", NOBODY)
    assert done.returncode == 69 and "Permission denied" in done.stdout
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--immediate-uid", NOBODY, files={"app.py": APP})
    assert told(server)[1] == NOBODY == user_of(server.process.pid)


@as_root
def test_another_root_folder(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--chroot", tmp_path / "none")
    assert done.returncode == 77
    assert "make %s the root folder: No such file or directory (start the server as root, and name a folder that there is)" % (tmp_path / "none") in done.stdout


def test_an_address_is_shared_by_its_number(mortise, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "127.0.0.1:%d" % free.getsockname()[1]
    server = mortise("--shared-socket", tmp_path / "zero.sock", "--shared-socket", address, "--http", "=1", "--socket", "=0", "--wsgi-file", "app.py", files={"app.py": APP})
    server.wait_for_log("http gateway on http://%s" % address)
    assert server.get().status == 200 and (tmp_path / "zero.sock").exists()


def test_two_servers_may_listen_at_one_port(mortise):
    first = mortise("--http-socket", "127.0.0.1:0", "--reuse-port", "--wsgi-file", "app.py", files={"app.py": APP})
    address = "127.0.0.1:%d" % first.address()[1]
    second = mortise("--http-socket", address, "--reuse-port", "--wsgi-file", "app.py", files={"app.py": APP})
    pids = set()
    wait_until(lambda: pids.add(told(first)[0]) or len(pids) == 2)
    second.stop()
    assert first.get().status == 200


def test_the_folder_changes_when_the_application_is_loaded(wsgi, tmp_path):
    assert told(wsgi(APP, "--chdir2", tmp_path))[2] == str(tmp_path)


@as_root
def test_processes_are_nicer(wsgi):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert told(wsgi(APP, "--prio", "19"))[3] == 19 != before or before == 19


def test_locks_of_applications_are_as_many_as_were_asked_for(wsgi):
    server = wsgi("import uwsgi\nfor number in range(4):\n    uwsgi.lock(number)\n    uwsgi.unlock(number)\n" + APP, "--locks", "3")
    assert server.get().status == 200
    assert "has no effect" not in server.log


def test_a_signal_comes_before_a_worker_ends_that_hangs(wsgi):
    handled = "import os, signal\nsignal.signal(signal.SIGUSR2, lambda *_: (open('told', 'w').close(), os._exit(3)))\n"
    server = wsgi(
        handled + APP.replace("    body =", "    import time\n    if environ['PATH_INFO'] == '/hang': time.sleep(60)\n    body ="),
        "--harakiri", "1", "--harakiri-graceful-signal", int(signal.SIGUSR2), "--harakiri-graceful-timeout", "5",
    )  # fmt: skip
    server.get()
    assert server.get("/hang").status == 504
    wait_until((server.folder / "told").exists)
    server.wait_for_log("ended: exit status 3")


@pytest.mark.parametrize("option", ["--touch-mules-reload", "--touch-spoolers-reload"])
def test_mules_and_spoolers_are_started_anew_when_a_file_changes(mortise, option):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--mule", "--spooler", "spool", option, "touched",
                     files={"app.py": APP, "spool/.keep": "", "touched": ""})  # fmt: skip
    name = "mule" if "mules" in option else "spooler"
    first = server.wait_for_log(name + r".* \(pid (\d+)\) started").group(1)
    server.get()
    os.utime(server.folder / "touched", (1, 1))
    wait_until(lambda: server.wait_for_log(name + r".* \(pid (\d+)\) started").group(1) != first)
    assert server.get().status == 200
