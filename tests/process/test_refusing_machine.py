"""A machine that refuses what the server needs: one message that says what and why, the right exit status, and no more damage
than must be."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from mortise import BINARY, SANITIZED, Mortise, children, clean_environment, run, wait_until, write

APP = """
import os
def application(environ, start_response):
    if environ["PATH_INFO"] == "/hoard": bytearray(1 << 30)
    body = b"pid %d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
NOBODY = 65534


def open_to_all(folder):
    for each in [folder, *folder.parents]:
        if each.stat().st_uid == 0 and each != each.parent:
            each.chmod(each.stat().st_mode | 0o055)


def errors(log):
    return [line for line in log.splitlines() if "error: " in line]


# ---- starts that fail ----


@pytest.mark.parametrize("front", ["--http-socket", "--http", "--socket"])
def test_a_port_that_is_taken_ends_the_start(tmp_path, front):
    write(tmp_path, "app.py", APP)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        done = run(tmp_path, front, address, "--wsgi-file", "app.py")
    assert done.returncode == 69
    assert len(errors(done.stdout)) == 1 and address in done.stdout and "Address already in use" in done.stdout


def test_a_socket_in_a_folder_that_is_not_there_ends_the_start(tmp_path):
    done = run(tmp_path, "--socket", "no/such/app.sock", "--need-app=false")
    assert done.returncode == 69
    assert len(errors(done.stdout)) == 1 and "no/such/app.sock" in done.stdout and "No such file or directory" in done.stdout


def test_a_socket_that_another_server_listens_at_ends_the_start(mortise):
    server = mortise("--socket", "app.sock", "--wsgi-file", "app.py", files={"app.py": APP})
    done = run(server.folder, "--socket", "app.sock", "--need-app=false")
    assert done.returncode == 69 and len(errors(done.stdout)) == 1
    assert b"pid" in server.uwsgi_request()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start it as somebody else")
@pytest.mark.parametrize("option", [["--uid", "root"], ["--gid", "root"], ["--immediate-uid", "root"]])
def test_a_user_without_the_rights_cannot_become_another_one(tmp_path, option):
    open_to_all(tmp_path)
    done = subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", BINARY, "--http-socket", "127.0.0.1:0", "--need-app=false", *option],
        cwd="/", env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20,
    )  # fmt: skip
    assert done.returncode == 77, done.stdout
    assert len(errors(done.stdout)) == 1 and "start the server as root or leave the option out" in done.stdout


def test_a_user_that_nobody_knows_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--uid", "no-such-user")
    assert done.returncode == 77 and "there is no such user" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write there at all")
def test_a_pid_file_on_a_full_disk_ends_the_start_and_leaves_the_device_alone(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--pidfile", "/dev/full")
    assert done.returncode == 77 and "pid file /dev/full: No space left on device" in done.stdout
    assert not os.path.isfile("/dev/full")


def test_a_memory_limit_below_what_the_server_needs_ends_the_start(tmp_path):
    write(tmp_path, "app.py", APP)
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--limit-as", "10")
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert errors(done.stdout)


def test_a_stop_while_the_application_is_loaded_is_a_stop(tmp_path):
    write(tmp_path, "app.py", "import time\nopen('loading', 'w').close()\ntime.sleep(60)\n")
    server = Mortise(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--socket", "app.sock")
    wait_until((tmp_path / "loading").exists)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 3 and not (tmp_path / "app.sock").exists()


# ---- while it serves ----


@pytest.mark.skipif(SANITIZED, reason="a sanitizer takes more address space than the limit leaves")
def test_a_worker_that_may_not_have_more_memory_answers_and_lives(wsgi):
    server = wsgi(APP, "--limit-as", "900")
    first = server.get().text
    assert server.get("/hoard").status == 500
    assert "MemoryError" in server.log
    assert server.get().text == first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody with fewer rights")
def test_a_user_who_may_have_no_more_processes_gets_the_worker_later(mortise, tmp_path):
    open_to_all(tmp_path)
    user = "61234"  # of whom there is nothing else
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "--uid", user, "--gid", user, files={"app.py": APP})
    server.wait_for_log("loaded in", count=2)
    assert server.get().status == 200  # so one has said that it is ready
    pid = server.process.pid

    def limit(processes):
        subprocess.run(["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "prlimit", "--pid", str(pid), "--nproc=%d:" % processes], check=True)

    limit(1)
    os.kill(children(pid)[0], signal.SIGKILL)
    server.wait_for_log(r"spawn worker \d: Resource temporarily unavailable \(retry in 0.\d s\)", count=2)
    assert server.get().status == 200  # by the other one
    limit(1000)
    wait_until(lambda: len(children(pid)) == 2)


def test_a_worker_that_dies_while_it_is_replaced_costs_no_reload(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", files={"app.py": APP + "import time\ntime.sleep(0.3)\n"})
    server.wait_for_log("loaded in", count=2)
    old = children(server.process.pid)
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload: a trial starts")
    os.kill(old[0], signal.SIGKILL)
    server.wait_for_log("reload done")
    wait_until(lambda: len(children(server.process.pid)) == 2 and not set(children(server.process.pid)) & set(old))
    assert server.get().status == 200


def test_a_trial_that_dies_leaves_everything_as_it_is(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    server.wait_for_log("loaded in")
    old = children(server.process.pid)
    write(server.folder, "app.py", "import time\ntime.sleep(60)\n")
    server.signal(signal.SIGHUP)
    trial = int(server.wait_for_log(r"trial \(pid (\d+)\) started").group(1))
    os.kill(trial, signal.SIGKILL)
    server.wait_for_log(r"reload failed .*died: signal 9")
    assert children(server.process.pid) == old and server.get().status == 200


def test_a_stop_between_two_generations_stops_both(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": APP})
    server.get()
    write(server.folder, "app.py", "import os, time\nif os.path.exists('tried'):\n    open('second', 'w').close()\n    time.sleep(60)\nopen('tried', 'w').close()\n" + APP)
    server.signal(signal.SIGHUP)
    wait_until((server.folder / "second").exists)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 3
    wait_until(lambda: server.log.count("mortise stopped") == 1)
    assert "died: signal" not in server.log


def test_a_worker_that_is_stopped_delays_no_stop_for_long(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--worker-reload-mercy", "1", files={"app.py": APP})
    server.get()
    os.kill(children(server.process.pid)[0], signal.SIGSTOP)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 4
    assert "still runs: killing it" in server.log
    assert "died: signal 9" not in server.log  # it is no accident


def test_four_requests_in_flight_are_answered_by_a_server_that_stops(mortise):
    slow = APP.replace("    body =", "    import time\n    time.sleep(1)\n    body =")
    for front in ("--http-socket", "--http"):
        server = mortise(front, "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "--threads", "2", files={"app.py": slow})
        server.wait_for_log("loaded in", count=2)
        answers = []
        clients = [threading.Thread(target=lambda: answers.append(server.get().status)) for _ in range(4)]  # noqa: B023
        for client in clients:
            client.start()
        time.sleep(0.5)
        server.stop()
        for client in clients:
            client.join()
        assert answers == [200] * 4


def test_a_program_that_the_application_starts_sees_the_standard_descriptors_alone(mortise):
    source = """
import subprocess
def application(environ, start_response):
    seen = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, close_fds=False).stdout
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [seen]
"""
    server = mortise(
        "--http", "127.0.0.1:0", "--http-socket", "127.0.0.1:0", "--socket", "app.sock", "--wsgi-file", "app.py", "--threads", "2", "--stats", "stats.sock",
        "--master-fifo", "fifo", "--harakiri", "20", "--logger", "stdio", "--mule", "--enable-metrics", "--offload-threads", "1", files={"app.py": source},
    )  # fmt: skip
    assert server.get().text.split() == ["0", "1", "2", "3"]  # the last is the folder that ls reads


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's runtime must be loaded first")
def test_the_clock_may_jump_while_requests_are_served(wsgi, tmp_path):
    source = tmp_path / "jumping.c"
    source.write_text("""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
static long jump(void) {
  struct stat status;
  return stat(getenv("JUMP"), &status) == 0 ? 7200 : 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += jump();
  return done;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec time;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec, now->tv_usec = time.tv_nsec / 1000;
  return 0;
}
""")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "jumping.so", source, "-ldl"], check=True)
    flag = tmp_path / "jump"
    slow = APP.replace("    body =", "    import time\n    if environ['PATH_INFO'] == '/slow': time.sleep(2)\n    if environ['PATH_INFO'] == '/hang': time.sleep(60)\n    body =")
    server = wsgi(slow, "--harakiri", "3", "--threads", "2", env={"LD_PRELOAD": str(tmp_path / "jumping.so"), "JUMP": str(flag)})
    server.get()
    for jump in (flag.touch, flag.unlink):
        answers = []
        client = threading.Thread(target=lambda: answers.append(server.get("/slow").status))  # noqa: B023
        client.start()
        time.sleep(0.5)
        jump()
        client.join()
        assert answers == [200]
        began = time.monotonic()
        assert server.get("/hang", timeout=20).status == 504
        assert 2.9 < time.monotonic() - began < 5
        wait_until(lambda: server.log.count("loaded in") >= 2)
        server.get()


def test_an_emperor_goes_on_when_one_vassal_cannot_start(tmp_path):
    vassals = tmp_path / "vassals"
    vassals.mkdir()
    write(tmp_path, "app.py", APP)
    good = "[uwsgi]\nchdir = %s\nsocket = good.sock\nwsgi-file = app.py\n" % tmp_path
    write(vassals, "good.ini", good)
    write(vassals, "broken.ini", good.replace("good.sock", "no/such/folder.sock"))
    server = Mortise(tmp_path, "--emperor", str(vassals), "--emperor-freq", "1", start=False)
    with open(server.log_path, "wb") as log:
        server.process = subprocess.Popen([BINARY, *server.args], cwd=tmp_path, env=server.env, stdout=log, stderr=log, start_new_session=True)
    try:
        server.wait_for_log("No such file or directory")
        wait_until((tmp_path / "good.sock").exists)
        server.stop()
        assert not (tmp_path / "good.sock").exists()
    finally:
        server.kill()
