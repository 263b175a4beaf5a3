"""What surrounds a server: the terminal it leaves, pid files, the service manager, names, limits."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import pytest
from mortise import BINARY, SANITIZED, children, clean_environment, run, text_of, wait_until, write

APP = """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"pid %d" % os.getpid()]
"""


def background(folder, *args, env=None):
    """Runs the command to its end, which is the server's start."""
    return subprocess.run(
        [BINARY, "--socket", "app.sock", "--wsgi-file", "app.py", "--pidfile", "server.pid", "--daemonize", "server.log", *args],
        cwd=folder, env=clean_environment(env), stdin=subprocess.DEVNULL, capture_output=True, timeout=30, text=True,
    )  # fmt: skip


def alive(pid):
    return os.path.exists("/proc/%d" % pid)


def test_a_server_in_the_background_serves_when_the_command_ends(tmp_path):
    write(tmp_path, "app.py", "import time\ntime.sleep(0.5)\n" + APP)
    assert background(tmp_path).returncode == 0
    pid = int((tmp_path / "server.pid").read_text())
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(tmp_path / "app.sock"))
        assert os.getsid(pid) == pid
        assert "master (pid %d) started" % pid in (tmp_path / "server.log").read_text()
        reload = subprocess.run([BINARY, "reload", "server.pid"], cwd=tmp_path, env=clean_environment(), timeout=20)
        assert reload.returncode == 0 and int((tmp_path / "server.pid").read_text()) == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not alive(pid))
    assert not (tmp_path / "server.pid").exists() and not (tmp_path / "app.sock").exists()


def test_the_command_fails_as_the_server_in_the_background_does(tmp_path):
    write(tmp_path, "app.py", "def application(\n")
    assert background(tmp_path).returncode == 22
    assert "SyntaxError" in (tmp_path / "server.log").read_text()
    assert not (tmp_path / "server.pid").exists()


def test_the_command_says_that_a_port_is_taken_when_the_server_is_to_go_to_the_background(tmp_path):
    write(tmp_path, "app.py", APP)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert background(tmp_path, "--http-socket", "127.0.0.1:%d" % taken.getsockname()[1], "--master-fifo", "fifo").returncode == 69
    assert "Address already in use" in (tmp_path / "server.log").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.py", "server.log"]


def test_a_log_that_cannot_be_opened_is_told_in_the_terminal(tmp_path):
    write(tmp_path, "app.py", APP)
    done = background(tmp_path, "--daemonize", "no/such/folder/log")
    assert done.returncode == 66 and "daemonize: open" in done.stderr


@pytest.mark.parametrize("option", ["pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2"])
def test_pid_files_say_the_masters_pid_and_go_with_it(wsgi, option):
    server = wsgi(APP, "--%s" % option, "my.pid")
    pidfile = server.folder / "my.pid"
    wait_until(lambda: text_of(pidfile) == "%d\n" % server.process.pid)
    server.stop()
    assert not pidfile.exists()


def test_a_second_server_that_cannot_start_leaves_the_firsts_pid_file(wsgi, tmp_path):
    server = wsgi(APP, "--pidfile", tmp_path / "my.pid", "--socket", tmp_path / "my.sock")
    server.get()
    done = run(tmp_path, "--pidfile", "my.pid", "--socket", "my.sock", "--need-app=false")
    assert done.returncode == 69, done.stdout
    assert (tmp_path / "my.pid").read_text() == "%d\n" % server.process.pid


@pytest.mark.parametrize("option", ["pidfile", "pidfile2", "safe-pidfile", "safe-pidfile2"])
def test_a_pid_file_that_cannot_be_written_ends_the_start(tmp_path, option):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--%s" % option, "no/such/folder/pid")
    assert done.returncode == 77
    assert "error: pid file %s/no/such/folder/pid: No such file or directory (correct --%s, or its folder)\n" % (tmp_path, option) in done.stdout


def test_exit_on_reload_ends_the_server(wsgi):
    server = wsgi(APP, "--exit-on-reload")
    server.get()
    server.signal(signal.SIGHUP)
    assert server.process.wait(10) == 0


def test_the_service_manager_is_told(tmp_path, wsgi):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        server = wsgi(APP, env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "2000000"})

        def next_of(word):
            while True:
                text = manager.recv(4096).decode()
                if text.startswith(word):
                    return text

        assert "MAINPID=%d" % server.process.pid in next_of("READY=1")
        next_of("WATCHDOG=1")
        server.signal(signal.SIGHUP)
        assert "MONOTONIC_USEC=" in next_of("RELOADING=1")
        next_of("READY=1")
        server.signal(signal.SIGTERM)
        next_of("STOPPING=1")


def test_a_watchdog_of_less_than_a_second_is_fed_and_a_reload_says_when_it_began(tmp_path, wsgi):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        server = wsgi(APP, env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"})
        told = []

        def read_until(word):
            while not told or not told[-1].startswith(word):
                told.append(manager.recv(4096).decode())
            return told[-1]

        read_until("READY=1")
        began = time.monotonic()
        del told[:]
        while told.count("WATCHDOG=1") < 5:
            told.append(manager.recv(4096).decode())
        assert time.monotonic() - began < 2
        began_us = time.monotonic_ns() // 1000
        server.signal(signal.SIGHUP)
        fields = dict(line.split("=", 1) for line in read_until("RELOADING=1").splitlines())
        assert began_us <= int(fields["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        read_until("READY=1")
        read_until("WATCHDOG=1")  # by the next generation too
        server.signal(signal.SIGSTOP)
        manager.settimeout(0.1)
        try:
            while manager.recv(4096):
                continue
        except socket.timeout:
            pass
        manager.settimeout(1)
        with pytest.raises(socket.timeout):  # a master that hangs is not alive to the service manager
            manager.recv(4096)
        server.signal(signal.SIGCONT)


def test_plugins_and_applications_may_call_a_process_what_they_like(wsgi):
    name = "the name of a process may be as long as the command line that it has"
    server = wsgi("import uwsgi\nuwsgi.setprocname(%r)\n" % name + APP)
    worker = int(server.get().text.split()[1])
    assert command_line(worker) == name
    assert "mortise" in command_line(server.process.pid)


def command_line(pid):
    return pathlib.Path("/proc/%d/cmdline" % pid).read_bytes().rstrip(b"\0").decode()


@pytest.mark.parametrize(
    "options,master,worker",
    [
        (["--auto-procname"], "mortise master", "mortise worker 1"),
        (["--procname", "shop"], "shop", "shop"),
        (["--procname-master", "boss"], "boss", None),
        (["--auto-procname", "--procname-prefix-spaced", "shop", "--procname-append", "!"], "shop mortise master!", "shop mortise worker 1!"),
    ],
)
def test_processes_have_names(wsgi, options, master, worker):
    server = wsgi(APP, *options)
    pid = server.process.pid
    server.get()
    assert command_line(pid) == master
    if worker:
        assert command_line(children(pid)[0]) == worker
    server.signal(signal.SIGHUP)  # the command line is remembered
    server.wait_for_log("reload done")
    assert server.get().status == 200 and command_line(pid) == master


def test_gateways_and_other_processes_have_names(mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--auto-procname", "--mules", "2", "--spooler", "tasks",
                     "--stats", "127.0.0.1:0", "--cpu-affinity", "1", files={"app.py": APP, "tasks/empty": ""})
    names = ["mortise http 1", "mortise mule 1", "mortise mule 2", "mortise spooler", "mortise stats", "mortise worker 1"]
    wait_until(lambda: sorted(command_line(pid) for pid in children(server.process.pid)) == names,
               what=lambda: str([command_line(pid) for pid in children(server.process.pid)]))
    server.wait_for_log("worker 1 runs on CPU")
    assert "worker 0" not in server.log  # mules call the hook of workers


def test_without_an_option_a_process_is_known_by_its_role(mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    server.get()
    commands = sorted(pathlib.Path("/proc/%d/comm" % pid).read_text() for pid in children(server.process.pid))
    assert commands == ["http\n", pathlib.Path("/proc/%d/comm" % server.process.pid).read_text()]


def test_workers_are_bound_to_cpus(wsgi):
    server = wsgi(APP, "--processes", "2", "--cpu-affinity", "1")
    server.wait_for_log("loaded in", count=2)
    allowed = sorted(os.sched_getaffinity(0))
    sets = sorted(sorted(os.sched_getaffinity(pid)) for pid in children(server.process.pid))
    assert sets == sorted([[allowed[0]], [allowed[1 % len(allowed)]]])


@pytest.mark.skipif(SANITIZED, reason="a sanitizer takes more address space than the limit leaves")
def test_limits_hold_in_workers(wsgi):
    server = wsgi(APP, "--limit-as", "4000", "--limit-nproc", "3000")
    text = pathlib.Path("/proc/%d/limits" % int(server.get().text.split()[1])).read_text()
    assert str(4000 << 20) in next(line for line in text.splitlines() if line.startswith("Max address space"))
    assert "3000" in next(line for line in text.splitlines() if line.startswith("Max processes"))


def open_to_all(folder):
    for each in [folder, *folder.parents]:
        if each.stat().st_uid == 0 and each != each.parent:
            each.chmod(each.stat().st_mode | 0o055)


def free_privileged_port():
    for port in random.sample(range(600, 1024), 424):  # tests that run beside this one look for some, too
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    pytest.skip("no privileged port can be bound")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("capabilities", [[], ["--cap", "net_bind_service,sys_nice"]])
def test_a_server_that_gave_up_root_reloads_at_the_addresses_that_root_bound(mortise, tmp_path, capabilities):
    open_to_all(tmp_path)
    server = mortise("--http-socket", "127.0.0.1:%d" % free_privileged_port(), "--wsgi-file", "app.py", "--uid", "65534", "--gid", "65534", *capabilities, files={"app.py": APP})
    server.wait_for_log("loaded in")
    first = server.get().text
    for _ in range(2):
        assert subprocess.run([BINARY, "reload", "--pid", str(server.process.pid)], env=clean_environment(), timeout=30).returncode == 0
    wait_until(lambda: server.get().text != first)
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    assert "Uid:\t65534\t65534\t65534" in status
    assert "CapEff:\t%016x" % (1 << 10 | 1 << 23 if capabilities else 0) in status


def test_an_unknown_capability_is_refused(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--cap", "fly")
    assert done.returncode == 64 and "no capability 'fly'" in done.stdout
