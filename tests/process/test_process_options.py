"""Options about users, folders and addresses that are few lines each."""

import ast
import os
import pathlib
import signal
import socket
import subprocess

import pytest
from mortise import BINARY, Mortise, children, run, wait_until, write

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


@as_root
def test_the_server_lives_below_another_root_folder(tmp_path, mortise):
    open_to_all(tmp_path)
    root = tmp_path / "root"
    write(root, "secret.txt", "of the new root")
    server = mortise("--http-socket", "127.0.0.1:0", "--chroot", root, "--uid", NOBODY, "--static-map", "/files=/", "--no-need-app", "--vacuum=false")
    assert server.get("/files/secret.txt").text == "of the new root"
    assert server.get("/files%s/secret.txt" % root).status != 200
    assert pathlib.Path("/proc/%d/root" % server.process.pid).resolve() == root
    assert {pathlib.Path("/proc/%d/root" % pid).resolve() for pid in children(server.process.pid)} == {root}
    assert user_of(server.process.pid) == NOBODY


# All that there is, but for the names of users and groups; it goes with the processes that see it.
JAIL = """
mount --rbind / "$1" && mount --bind /dev/null "$1/etc/passwd" && mount --bind /dev/null "$1/etc/group" || exit 99
shift
exec "$@"
"""


@as_root
@pytest.mark.parametrize(
    "options, user, master",
    [
        (["--chroot", "/", "--uid", NOBODY], NOBODY, NOBODY),
        (["--chroot", "JAIL", "--uid", "nobody", "--gid", "nogroup"], NOBODY, NOBODY),
        (["--chroot", "JAIL", "--uid", NOBODY, "--master-as-root"], NOBODY, 0),
        (["--chroot", "JAIL"], 0, 0),
    ],
)
def test_a_server_below_another_root_folder_is_reloaded_there(tmp_path, options, user, master):
    open_to_all(tmp_path)
    jail = tmp_path / "jail"
    jail.mkdir()
    command = []
    if "JAIL" in options:
        command = ["unshare", "--mount", "sh", "-c", JAIL, "sh", str(jail)]
        if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode:
            pytest.skip("this user may not mount")
    write(tmp_path, "app.py", APP)
    server = Mortise(tmp_path, start=False)
    options = [str(jail) if option == "JAIL" else str(option) for option in options]
    with open(server.log_path, "wb") as log:
        server.process = subprocess.Popen(
            [*command, BINARY, "--http-socket", "127.0.0.1:0", "--wsgi-file", str(tmp_path / "app.py"), *options],
            cwd=tmp_path, env=server.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)  # fmt: skip
    try:
        for reloads in range(3):
            if reloads:
                server.signal(signal.SIGHUP)
                server.wait_for_log("reload (done|failed)", count=reloads)
                assert "reload failed" not in server.log, server.log
                server.wait_for_log(r"old worker 1 \(pid \d+\) stopped", count=reloads)
            assert told(server)[1] == user
            assert user_of(server.process.pid) == master
            root = "/" if "/" in options else str(jail)
            jailed = children(server.process.pid) + ([] if "--master-as-root" in options else [server.process.pid])
            assert {os.readlink("/proc/%d/root" % pid) for pid in jailed} == {root}
        server.stop()
    finally:
        server.kill()


@as_root
@pytest.mark.parametrize(
    "options, groups",
    [
        ([], {65534}),
        (["--add-gid", "4242", "--add-gid", "4243"], {65534, 4242, 4243}),
        (["--no-initgroups"], set()),
        (["--no-initgroups", "--add-gid", "4242"], {4242}),
    ],
)
def test_supplementary_groups_are_those_of_the_user_and_what_is_added(mortise, tmp_path, options, groups):
    open_to_all(tmp_path)
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--uid", "nobody", "--gid", NOBODY, *options, files={"app.py": APP.replace("repr([", "repr([os.getgroups(), ")})
    assert set(told(server)[0]) == groups


@as_root
def test_a_group_that_is_none_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--uid", NOBODY, "--add-gid", "nonesuch")
    assert done.returncode == 77
    assert "change to group 'nonesuch': there is no such group (see what there is: getent group)" in done.stdout


def test_an_address_that_no_interface_has_yet_is_listened_at_if_that_is_wanted(tmp_path, mortise):
    address = "192.0.2.1:0"  # of documentation (RFC 5737): no packet comes from there
    refused = run(tmp_path, "--http-socket", address, "--need-app=false")
    assert refused.returncode == 69
    assert "no interface of this machine has it; see them with: ip addr; --freebind listens in advance" in refused.stdout
    mortise("--http-socket", address, "--freebind", "--need-app=false")


SOCKETS = """
import os, socket, uwsgi
LEVELS = {"fast open": (socket.IPPROTO_TCP, 23), "deferred": (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT), "keepalive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE), "sent": (socket.SOL_SOCKET, socket.SO_SNDBUF), "received": (socket.SOL_SOCKET, socket.SO_RCVBUF)}
def value(fd, name):
    with socket.socket(fileno=os.dup(fd)) as opened:
        return opened.getsockopt(*LEVELS[name])
def application(environ, start_response):
    start_response("200 OK", [])
    listener = next(fd for fd in map(int, os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd/%d" % fd) and os.readlink("/proc/self/fd/%d" % fd).startswith("socket:") and is_listener(fd))
    return [repr([value(uwsgi.connection_fd(), "keepalive"), value(uwsgi.connection_fd(), "sent"), value(uwsgi.connection_fd(), "received"), value(listener, "fast open"), value(listener, "deferred") > 0]).encode()]
def is_listener(fd):
    with socket.socket(fileno=os.dup(fd)) as opened:
        return opened.family == socket.AF_INET and opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
"""


@pytest.mark.parametrize(
    "options, place, expected",
    [
        ([], 0, 0),
        (["--so-keepalive"], 0, 1),
        (["--socket-sndbuf", "20000"], 1, 40000),  # the system doubles it, socket(7)
        (["--socket-rcvbuf", "30000"], 2, 60000),
        ([], 4, True),
        (["--no-defer-accept"], 4, False),
        (["--tcp-fast-open", "7"], 3, 7),
        (["--tcp-fastopen", "8"], 3, 8),
    ],
)
def test_connections_have_the_socket_options_that_were_asked_for(wsgi, options, place, expected):
    server = wsgi(SOCKETS, *options)
    server.get()  # one that came before the server had started is as it came
    assert told(server)[place] == expected


@pytest.mark.parametrize("option", ["--socket-timeout", "--so-send-timeout", "--so-write-timeout", "--socket-send-timeout", "--socket-write-timeout"])
def test_a_client_that_stops_sending_is_waited_for_as_long_as_was_said(wsgi, option):
    server = wsgi("def application(environ, start_response):\n    environ['wsgi.input'].read()\n    start_response('200 OK', [])\n    return []\n", option, "1")
    with server.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        client.settimeout(20)  # the default is 30
        assert b" 200 " not in client.recv(65536)


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
