#!/usr/bin/env python3
"""reliability.py [FAULT…]: one fault after another, what it cost, and the bound that it must keep.

Each figure is that of one server of its own, on this machine, with nothing else running; on a busy machine read the
stall that stands beside the table first: how long a thread that wanted to run had to wait. Which server: as the tests.
"""

import concurrent.futures
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "process"))

from kills import workers_of  # noqa: E402
from load import Load, Stalls, connect, read_answer  # noqa: E402
from mortise import BINARY, Mortise, clean_environment, run, wait_until, write  # noqa: E402

APP = """
import os, time
def application(environ, start_response):
    path, body = environ["PATH_INFO"], b"x" * 100
    if path == "/wait": time.sleep(float(environ["QUERY_STRING"] or 1))
    if path == "/big": body = b"x" * (8 << 20)
    if path == "/read":
        read = 0
        while part := environ["wsgi.input"].read(65536): read += len(part)
        body = b"%d" % read
    if path == "/child":
        import subprocess
        body = subprocess.run(["/bin/ls", "/proc/self/fd"], capture_output=True, close_fds=False, stdin=subprocess.DEVNULL).stdout
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
FRONTS = ("--http-socket", "--http")
GET = b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n"
FAULTS = []


def fault(name):
    """A row of the table: a function of a folder and a way in that gives (what was measured, whether it keeps its bound)."""

    def add(function):
        FAULTS.append((name, function))
        return function

    return add


class serving(Mortise):
    """with serving(folder, front, options…) as server: … — it is killed at the end, whatever happened."""

    def __init__(self, folder, front, *args, app=APP, **kwargs):
        write(folder, "app.py", app)
        super().__init__(folder, front, "127.0.0.1:0", "--wsgi-file", "app.py", "--disable-logging", *args, **kwargs)
        self.wait_for_log("http gateway on" if front == "--http" else "listening on http")

    def __enter__(self):
        wait_until(lambda: self.get().status == 200)
        return self

    def __exit__(self, *_):
        self.kill()

    def latency(self, path=b"/", times=20):
        """Worst of so many requests, each on a connection of its own, in seconds."""
        worst = 0
        for _ in range(times):
            began = time.monotonic()
            assert self.ask(path) == 200
            worst = max(worst, time.monotonic() - began)
        return worst

    def ask(self, path=b"/", timeout=60):
        with socket.create_connection(self.address(), timeout=timeout) as sock:
            sock.sendall(GET % path)
            return read_answer(sock)[0]


def with_threads(folder):
    """(option's value, folder of its own) for a worker of one core, and one of several."""
    for threads in ("1", "4"):
        sub = folder / threads
        sub.mkdir()
        yield threads, sub


def processes(server):
    """pids of all of its session."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == server.process.pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_kib(pids, field="Rss"):
    total = 0
    for pid in pids:
        text = pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text()
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(field + ":"))
    return total


def reload(server, seconds=60):
    return subprocess.run([BINARY, "reload", "--pid", str(server.process.pid)], env=clean_environment(), capture_output=True, timeout=seconds).returncode


# ---- deaths ----


@fault("kill -9 of a worker, 10 times, 16 clients")
def kill_worker(folder, front):
    with serving(folder, front, "--processes", "4") as server:
        server.wait_for_log("loaded in", count=4)
        took, loaded = [], 4
        with Load(server.address(), clients=16) as load:
            for _ in range(10):
                time.sleep(0.1)
                began = time.monotonic()
                os.kill(workers_of(server)[0], signal.SIGKILL)
                loaded += 1
                server.wait_for_log("loaded in", count=loaded)
                took.append(time.monotonic() - began)
        return "%d of %d lost, respawn at most %d ms" % (len(load.failures), load.answers, max(took) * 1000), len(load.failures) <= 10 * 16 / 4 * 2 and max(took) <= 0.1


@fault("kill -9 of the worker that has the request")
def kill_in_flight(folder, front):
    with serving(folder, front, "--processes", "1", "--threads", "2") as server:
        sock = connect(server.address())
        sock.sendall(GET % b"/wait?30")
        wait_until(lambda: in_requests(server) == 1)
        began = time.monotonic()
        os.kill(workers_of(server)[0], signal.SIGKILL)
        answer = sock.recv(100)
        took = time.monotonic() - began
        told = answer.split(b"\r\n")[0].decode() or "closed"
        return "%s after %d ms" % (told, took * 1000), took <= 0.05 and (front == "--http-socket" or " 502 " in told)


def in_requests(server):
    """How many cores of the first worker wait inside a request: threads that sleep in clock_nanosleep or poll for it."""
    pid = workers_of(server)[0]
    names = []
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        names.append((task / "wchan").read_text())
    return sum("nanosleep" in name or name in ("do_select", "poll_schedule_timeout.constprop.0") for name in names)


@fault("kill -9 of the master, idle")
def kill_master(folder, front):
    with serving(folder, front, "--processes", "4") as server:
        pids = processes(server)
        server.signal(signal.SIGKILL)
        began = time.monotonic()
        server.process.wait()
        wait_until(lambda: not processes(server), 10)
        return "%d processes gone after %d ms" % (len(pids), (time.monotonic() - began) * 1000), time.monotonic() - began <= 1


@fault("kill -9 of the master, a request in flight")
def kill_master_in_flight(folder, front):
    with serving(folder, front, "--processes", "2") as server:
        sock = connect(server.address())
        sock.sendall(GET % b"/wait?1")
        time.sleep(0.3)
        server.signal(signal.SIGKILL)
        try:
            status = read_answer(sock)[0]
        except OSError as error:
            status = error
        return "answered: %s" % status, status == 200


# ---- reload, stop, start ----


@fault("5 x HUP under load, an app that takes 2 s to import")
def five_reloads(folder, front):
    app = "import time; time.sleep(2)\n" + APP
    with serving(folder, front, "--processes", "2", app=app) as server:
        with Load(server.address(), clients=16) as load:
            statuses = [reload(server) for _ in range(5)]
        good = not load.failures and load.slowest <= 0.25 and statuses == [0] * 5
        return "%d of %d lost, worst latency %d ms" % (len(load.failures), load.answers, load.slowest * 1000), good


@fault("50 x HUP in a second under load")
def fifty_reloads(folder, front):
    with serving(folder, front, "--processes", "2") as server:
        with Load(server.address(), clients=16) as load:
            for _ in range(50):
                server.signal(signal.SIGHUP)
                time.sleep(0.02)
            status = reload(server)
        return "%d of %d lost" % (len(load.failures), load.answers), not load.failures and status == 0


@fault("reload with a broken app")
def broken_reload(folder, front):
    with serving(folder, front, "--processes", "2") as server:
        with Load(server.address(), clients=4) as load:
            write(folder, "app.py", "def application(\n")
            status = reload(server)
        return "mortise reload: %d; %d of %d lost" % (status, len(load.failures), load.answers), status == 1 and not load.failures and server.ask() == 200


@fault("start with a broken app")
def broken_start(folder, front):
    write(folder, "app.py", "raise RuntimeError('broken')\n")
    began = time.monotonic()
    done = run(folder, front, "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2")
    took = time.monotonic() - began
    return "exit status %d after %d ms, traceback %s" % (done.returncode, took * 1000, "shown" if "Traceback" in done.stdout else "missing"), (
        done.returncode != 0 and took <= 1 and "Traceback" in done.stdout)  # fmt: skip


@fault("start with a plugin that is missing")
def missing_plugin(folder, front):
    done = run(folder, "--plugin", "nosuch", front, "127.0.0.1:0")
    named = "load plugin 'nosuch'" in done.stdout
    return "exit status %d, %s" % (done.returncode, "named" if named else "not named"), done.returncode != 0 and named


@fault("TERM with 4 in flight")
def term_in_flight(folder, front):
    with serving(folder, front, "--processes", "4") as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(server.ask, b"/wait?1") for _ in range(4)]
        time.sleep(0.4)
        server.signal(signal.SIGTERM)
        good = sum(answer.exception() is None and answer.result() == 200 for answer in answers)
        return "%d of 4 answered, exit status %d" % (good, server.process.wait(10)), good == 4


@fault("a second TERM")
def second_term(folder, front):
    with serving(folder, front, "--processes", "2") as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(server.ask, b"/wait?30")
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        time.sleep(0.3)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        server.process.wait(30)
        took = time.monotonic() - began
        return "ended after %d ms" % (took * 1000), took <= 1


@fault("an app that cannot be imported any more, 8 s")
def import_crash_loop(folder, front):
    with serving(folder, front, "--processes", "2") as server:
        write(folder, "app.py", "raise RuntimeError('broken')\n")
        for pid in workers_of(server):
            os.kill(pid, signal.SIGKILL)
        time.sleep(8)
        respawns = len(re.findall(r"worker 1 \(pid \d+\) started", server.log)) - 1
        began = time.monotonic()
        subprocess.run([BINARY, "stop", "--pid", str(server.process.pid)], env=clean_environment(), capture_output=True, timeout=30)
        took = time.monotonic() - began
        return "%d respawns of worker 1; stop took %d ms" % (respawns, took * 1000), respawns <= 8 and took <= 0.5


@fault("a hang, with a harakiri of 3 s, 1 and 4 threads")
def hang(folder, front):
    texts, good = [], True
    for threads, sub in with_threads(folder):
        with serving(sub, front, "--processes", "1", "--threads", threads, "--harakiri", "3") as server:
            began = time.monotonic()
            status = server.ask(b"/wait?60")
            took = time.monotonic() - began
            texts.append("%d after %.2f s" % (status, took))
            good = good and status == 504 and took <= 3.5
    return ", ".join(texts), good


# ---- crowds ----


def idle(server, count):
    socks = [connect(server.address()) for _ in range(count)]
    for sock in socks:
        sock.sendall(GET % b"/")
    for sock in socks:
        read_answer(sock)
    return socks


@fault("2,000 idle connections, then one request")
def idle_connections(folder, front):
    with serving(folder, front, "--processes", "2") as server:
        socks = idle(server, 2000)
        worst = server.latency()
        [sock.close() for sock in socks]
        return "worst of 20: %.1f ms" % (worst * 1000), worst <= 0.005


@fault("memory of 10,000 idle connections")
def idle_memory(folder, front):
    with serving(folder, front, "--processes", "1", "--listen", "4096") as server:
        [sock.close() for sock in idle(server, 10)]
        before = memory_kib(processes(server), "Private_Dirty")
        socks = idle(server, 10000)
        each = (memory_kib(processes(server), "Private_Dirty") - before) * 1024 / 10000
        [sock.close() for sock in socks]
        return "%d bytes each" % each, each <= 4096


@fault("200 clients that send their heads slowly")
def slow_heads(folder, front):
    with serving(folder, front, "--processes", "2", "--http-headers-timeout", "10") as server:
        socks = [connect(server.address()) for _ in range(200)]
        began = time.monotonic()
        for sock in socks:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: t")
        worst, cut = 0, 0
        while time.monotonic() < began + 9:
            worst = max(worst, server.latency(times=1))
            [sock.sendall(b"x") for sock in socks]
            time.sleep(0.2)
        for sock in socks:
            sock.settimeout(max(0.1, began + 12 - time.monotonic()))
            try:
                cut += b" 408 " in sock.recv(100)
            except OSError:
                pass
        took = time.monotonic() - began
        return "others at most %.1f ms; %d of 200 cut with 408 after %.1f s" % (worst * 1000, cut, took), worst <= 0.05 and cut == 200 and took <= 11


@fault("16 clients that never read their 8 MiB")
def never_read(folder, front):
    texts, good = [], True
    for threads, sub in with_threads(folder):
        with serving(sub, front, "--processes", "2", "--threads", threads) as server:
            socks = []
            for _ in range(16):
                sock = connect(server.address())
                sock.sendall(GET % b"/big")
                socks.append(sock)
            time.sleep(1)
            worst = server.latency()
            texts.append("%s threads: others at most %.1f ms" % (threads, worst * 1000))
            good = good and worst <= 0.05
            [sock.close() for sock in socks]
    return ", ".join(texts), good


@fault("no descriptor left")
def no_descriptors(folder, front):
    limits = ("--processes", "1", "--max-fd", "100")
    with serving(folder, front, *limits) as server:
        socks = [connect(server.address()) for _ in range(300)]
        time.sleep(0.5)
        before, lines, began = cpu_seconds(processes(server)), server.log.count("\n"), time.monotonic()
        time.sleep(3)
        cpu = (cpu_seconds(processes(server)) - before) / (time.monotonic() - began)
        new_lines = server.log.count("\n") - lines
        [sock.close() for sock in socks]
        began = time.monotonic()
        status = server.ask()
        took = time.monotonic() - began
        return "%.1f %% CPU, %d log lines in 3 s, answered %d after %d ms" % (cpu * 100, new_lines, status, took * 1000), cpu <= 0.05 and new_lines <= 1 and took <= 1


# ---- bodies ----


@fault("a POST of 100 MB")
def big_post(folder, front):
    with serving(folder, front, "--processes", "1") as server:
        before = memory_kib(processes(server))
        rates = []
        for _ in range(3):
            with connect(server.address()) as sock:
                block, size = b"x" * (1 << 20), 100 << 20
                began = time.monotonic()
                sock.sendall(b"POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(100):
                    sock.sendall(block)
                assert read_answer(sock)[0] == 200
                rates.append(size / (time.monotonic() - began) / 1e6)
        more = memory_kib(processes(server)) - before
        return "%d MB/s, %+.1f MB" % (sorted(rates)[1], more / 1024), sorted(rates)[1] >= 300 and more <= 4096


@fault("5 MB of body that the app does not read, 100 times")
def unread_post(folder, front):
    with serving(folder, front, "--processes", "2") as server:
        good, body = 0, b"x" * (5 << 20)
        for _ in range(100):
            try:
                good += server.request("POST", "/", body).status == 200
            except OSError:
                pass
        return "%d of 100 answered" % good, good == 100


@fault("descriptors of a child process of the app")
def child_descriptors(folder, front):
    with serving(folder, front, "--processes", "1", "--socket", "other.sock") as server:
        numbers = sorted(int(word) for word in server.get("/child").text.split())
        # One more is the directory that ls reads.
        return "%s" % numbers, numbers in ([0, 1, 2], [0, 1, 2, 3])


def main():
    wanted = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    failed = []
    with Stalls() as stalls:
        for name, function in FAULTS:
            if wanted and not any(word in (function.__name__, name) for word in wanted):
                continue
            for front in FRONTS:
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        text, good = function(pathlib.Path(folder), front)
                    except Exception as error:
                        text, good = "%s: %s" % (type(error).__name__, str(error)[:2000]), False
                print("%-7s %-54s %-14s %s" % ("ok" if good else "MISSED", name, front, text), flush=True)
                failed += [] if good else [name]
    print("this machine stalled for at most %d ms" % (stalls.longest * 1000))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
