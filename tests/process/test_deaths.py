"""What dies, and what does not notice."""

import os
import pathlib
import signal
import statistics
import subprocess
import threading
import time

import pytest
from kills import kill_workers
from load import Load, Stalls
from mortise import SLOWER, Mortise, children, run, runs, state_of, wait_until, write

APP = """
import ctypes, os, signal, time
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/segfault": ctypes.string_at(0)
    if path == "/exit": os._exit(3)
    if path == "/sysexit": raise SystemExit(4)
    if path == "/kill": os.kill(os.getpid(), signal.SIGKILL)
    if path == "/hoard": hoard = b"x" * (256 << 20)
    if path == "/wait": time.sleep(0.3)
    if path == "/orphan":
        if os.fork() == 0:
            if os.fork() == 0: os.execv("/bin/sleep", ["sleep", "0.2"])
            os._exit(0)
    body = b"pid %d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


def workers_ready(server, count):
    """pids of so many workers that have loaded the application, newest last; empty until then."""
    loaded = server.log.count("loaded in")
    return loaded >= count and children(server.process.pid)


@pytest.mark.parametrize("how,said", [("/segfault", "died: signal 11 (Segmentation fault)"), ("/exit", "ended: exit status 3"), ("/kill", "died: signal 9 (Killed)")])
def test_a_worker_that_dies_in_a_request_takes_that_request_alone_with_it(mortise, how, said):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", files={"app.py": APP})
    server.wait_for_log("loaded in", count=2)
    with Load(server.address(), clients=2, pause=0.01) as load:
        assert server.get(how).status == 502
        server.wait_for_log("loaded in", count=3)
    assert said in server.log
    # A worker has one core: whoever it was serving was the one that killed it.
    assert not load.failures


@pytest.fixture
def memory_group():
    """A control group whose processes may take 64 MiB more: its folder. Only where such a group may be made."""
    for folder, limit in ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"):
        group = pathlib.Path(folder, "mortise-%d" % os.getpid())
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            with (group / limit).open("r+") as file:  # which is not made where the kernel did not
                file.write(str(64 << 20))
        except OSError:
            group.rmdir()
            continue
        yield group
        wait_until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()
        return
    pytest.skip("no control group with a limit of memory may be made here")


def test_a_worker_that_the_kernel_kills_for_its_memory_is_started_again(memory_group, mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", files={"app.py": APP})
    server.wait_for_log("loaded in", count=2)
    pids = {int(server.wait_for_log(r"worker %d \(pid (\d+)\) started" % number).group(1)) for number in (1, 2)}
    for pid in pids:
        (memory_group / "cgroup.procs").write_text(str(pid))
    with Load(server.address(), clients=2, pause=0.01) as load:
        assert server.get("/hoard").status == 502
        server.wait_for_log("loaded in", count=3)
    assert int(server.wait_for_log(r"\(pid (\d+)\) died: signal 9 \(Killed\)").group(1)) in pids
    assert not load.failures


def test_exit_in_the_application_ends_the_worker_and_no_other(wsgi):
    server = wsgi(APP)
    try:
        server.get("/sysexit")
    except OSError:
        pass
    wait_until(lambda: server.get().status == 200)


def test_processes_that_nobody_waits_for_are_reaped(mortise):
    # A server that is the first process of a container, or a subreaper, gets them.
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    assert server.get("/orphan").status == 200
    wait_until(lambda: all(state_of(pid) != "Z" for pid in children(server.process.pid)))


def test_a_worker_that_cannot_load_the_application_any_more_is_tried_ever_less_often_while_others_serve(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", files={"app.py": APP})
    server.wait_for_log("loaded in", count=2)
    write(server.folder, "app.py", "import missing_module\n")
    os.kill(children(server.process.pid)[0], signal.SIGKILL)
    server.wait_for_log(r"respawning in \d{3,4} ms", count=4, seconds=10)
    assert server.get().status == 200
    assert server.log.count("loading the application") < 8
    write(server.folder, "app.py", APP)
    server.wait_for_log("loaded in", count=3)


def test_a_crash_loop_before_anybody_served_ends_the_server(tmp_path):
    write(tmp_path, "app.py", "import os\nos.kill(os.getpid(), 11)\n")
    began = time.monotonic()
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py")
    assert done.returncode == 1 and "no worker could load the application" in done.stdout
    assert time.monotonic() - began < 5


def test_a_worker_that_hangs_while_it_loads_is_tried_again(mortise):
    hangs_once = "import time\ntry:\n    open('hung', 'x').close()\n    time.sleep(60)\nexcept FileExistsError:\n    pass\n" + APP
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "--start-timeout", "4", files={"app.py": hangs_once})
    server.wait_for_log("was not ready within 4 s: killing it")
    server.wait_for_log("loaded in", count=2)


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_nothing_is_left_of_a_server_whose_master_was_killed(tmp_path, front):
    write(tmp_path, "app.py", APP)
    server = Mortise(tmp_path, front, "127.0.0.1:0", "--socket", "app.sock", "--wsgi-file", "app.py", "--processes", "4")
    try:
        server.wait_for_log("loaded in", count=4)
        pids = children(server.process.pid)
        with Load(server.address(), clients=2):
            server.signal(signal.SIGKILL)
            server.process.wait()
            killed = time.monotonic()
            wait_until(lambda: not any(runs(pid) for pid in pids))
            assert time.monotonic() - killed < 1
        assert not (tmp_path / "app.sock").exists()
        server.start()  # at the same place
    finally:
        server.kill()


@pytest.mark.parametrize("front", ["--http-socket", "--http"])
def test_a_request_in_flight_outlives_the_master_a_little(tmp_path, front):
    write(tmp_path, "app.py", APP)
    server = Mortise(tmp_path, front, "127.0.0.1:0", "--wsgi-file", "app.py")
    try:
        server.get()
        answers = []
        client = threading.Thread(target=lambda: answers.append(server.get("/wait").status))
        client.start()
        time.sleep(0.1)
        server.signal(signal.SIGKILL)
        client.join()
        assert answers == [200]
    finally:
        server.kill()


def test_a_gateway_that_is_killed_comes_back_and_workers_go_on(mortise):
    server = mortise("--http", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", files={"app.py": APP})
    server.wait_for_log("loaded in", count=2)
    for _ in range(5):
        starts = server.log.count("http (pid")
        gateway = int(server.wait_for_log(r"http \(pid (\d+)\) started").group(1))
        with Load(server.address(), clients=2, pause=0.01) as load:
            os.kill(gateway, signal.SIGKILL)
            server.wait_for_log(r"http \(pid \d+\)", count=starts + 2)
        # What was in flight in the gateway is lost; new connections wait in the backlog.
        assert len(load.failures) <= 4, load.failures
        assert server.get().status == 200
    assert server.log.count("loaded in") == 2


@pytest.mark.timeout(120)
def test_a_pool_is_full_again_after_each_of_many_kills_and_only_requests_in_flight_are_lost(mortise):
    seconds = 6  # the whole minute is in make chaos
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "4", "-L", files={"app.py": APP})
    server.wait_for_log("loaded in", count=4)
    with Load(server.address(), clients=4) as load, Stalls() as stalls:
        took = kill_workers(server, seconds)
    # A worker has one core, so one request in flight; with it go the connections that it keeps open and those that
    # wait in its hands.
    assert len(load.failures) <= 4 * len(took)
    assert all("closed" in failure or "reset" in failure.lower() or "Broken pipe" in failure for failure in load.failures), load.failures[:5]
    # A worker needs the processor several times until it serves; one of many may meet other programs at it.
    assert statistics.median(took) < 0.2 * SLOWER + 5 * stalls.longest
    assert max(took) < 3
    assert load.answers > 100


def test_a_fork_that_fails_is_tried_again(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    server.get()
    # The master may open no more descriptors: what it needs for a process cannot be had.
    subprocess.run(["prlimit", "--pid", str(server.process.pid), "--nofile=3:4096"], check=True)
    os.kill(children(server.process.pid)[0], signal.SIGKILL)
    server.wait_for_log(r"spawn worker 1: Too many open files \(retry in 0.\d s\)")
    subprocess.run(["prlimit", "--pid", str(server.process.pid), "--nofile=1024:4096"], check=True)
    wait_until(lambda: server.get().status == 200)


def test_a_stop_answers_what_is_in_flight_and_a_second_one_does_not_wait(wsgi):
    server = wsgi(APP.replace("time.sleep(0.3)", "time.sleep(2)"))
    server.get()
    answers = []
    client = threading.Thread(target=lambda: answers.append(server.get("/wait").status))
    client.start()
    time.sleep(0.2)
    server.stop()
    client.join()
    assert answers == [200]
    server = wsgi(APP.replace("time.sleep(0.3)", "time.sleep(20)"))
    server.get()
    with server.connect() as sock:
        sock.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait_for_log("SIGTERM: stopping")
        server.signal(signal.SIGTERM)
        assert server.process.wait(5) == 0
        assert time.monotonic() - began < 3
