#!/usr/bin/env python3
"""bench/python.py: what Python costs in this server. Run it with the interpreter that the plugin was built for.

1. Instructions for each hello request (valgrind's callgrind): the C plugin path, the Python path, and the bare CPython
   calls of python_calls.c. What Python adds must be within 1.3 times the bare calls.
2. 16 threads that sleep 0.05 s, 64 connections: at least 97 % of 320 requests a second.
3. 1,000,000 requests: memory stays flat.

Environment: MORTISE_BUILD (build), BENCH_REQUESTS (1000000). Exit status 1 where a bound is missed.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("MORTISE_BUILD", ROOT / "build"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "1000000"))
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:45613\r\n\r\n"
HELLO = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "12")])
    return [b"Hello World\\n"]
"""
SLEEP = HELLO.replace("    start_response", "    __import__('time').sleep(0.05)\n    start_response", 1)
C_PLUGIN = """
#include <uwsgi.h>
static int hello_request(struct wsgi_request *request) {
  if (uwsgi_response_prepare_headers(request, "200 OK", 6)) return -1;
  if (uwsgi_response_add_content_type(request, "text/plain", 10)) return -1;
  if (uwsgi_response_add_content_length(request, 12)) return -1;
  return uwsgi_response_write_body_do(request, "Hello World\\n", 12);
}
struct uwsgi_plugin hello_plugin = {.name = "hello", .request = hello_request};
"""
failed = False


def check(good, text):
    global failed
    failed = failed or not good
    print("%-6s %s" % ("ok" if good else "MISSED", text), flush=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def ask(port, count):
    """count requests on one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        for _ in range(count):
            sock.sendall(REQUEST)
            answer = b""
            while not answer.endswith(b"Hello World\n"):
                part = sock.recv(65536)
                assert part, "the server closed the connection"
                answer += part


class Server:
    def __init__(self, folder, *args, wrapper=()):
        self.port = free_port()
        command = [*wrapper, str(BUILD / "mortise"), "--http-socket", "127.0.0.1:%d" % self.port, "--disable-logging", *args]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                ask(self.port, 1)
                return self
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, "the server does not start"
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def instructions(folder, args):
    """Of one request: the difference between many and few."""

    def total(count):
        for old in folder.glob("cg.*"):
            old.unlink()
        wrapper = ["valgrind", "--tool=callgrind", "--callgrind-out-file=%s/cg.%%p" % folder]
        with Server(folder, *args, wrapper=wrapper) as server:
            ask(server.port, count)
        return max(int(re.search(r"^summary: (\d+)", file.read_text(), re.M).group(1)) for file in folder.glob("cg.*"))

    few, many = 500, 3500
    return (total(many) - total(few)) / (many - few)


def bare_instructions(folder, program):
    def total(count):
        out = folder / "cg.bare"
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=%s" % out, program, str(count)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return int(re.search(r"^summary: (\d+)", out.read_text(), re.M).group(1))

    return (total(30000) - total(10000)) / 20000


def build(folder):
    (folder / "hello.py").write_text(HELLO)
    (folder / "sleep.py").write_text(SLEEP)
    (folder / "hello.c").write_text(C_PLUGIN)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-I", ROOT / "sdk" / "include", "hello.c", "-o", "hello_plugin.so"], cwd=folder, check=True)
    var = sysconfig.get_config_var
    library = var("LIBDIR")
    flags = ["-I", sysconfig.get_path("include"), "-L", library, "-Wl,-rpath," + library, "-lpython" + var("LDVERSION")]
    program = folder / "python_calls"
    subprocess.run(["cc", "-O2", ROOT / "bench" / "python_calls.c", "-o", program, *flags], check=True)
    return program


def compare_instructions(folder, program):
    if not shutil.which("valgrind"):
        print("skip   instructions: valgrind is not installed")
        return
    c_path = instructions(folder, ["--plugin", "./hello_plugin.so"])
    python_path = instructions(folder, ["--wsgi-file", "hello.py"])
    bare = bare_instructions(folder, program)
    added = python_path - c_path
    print("       C plugin %.0f, Python %.0f, bare CPython calls %.0f instructions a request" % (c_path, python_path, bare))
    check(added <= 1.3 * bare, "Python adds %.0f instructions, %.2f times the bare calls (bound 1.3)" % (added, added / bare))


def sleeping_threads(folder):
    seconds = 10
    with Server(folder, "--wsgi-file", "sleep.py", "--threads", "16") as server:
        end = time.monotonic() + seconds

        def load(_):
            done = 0
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock:
                while time.monotonic() < end:
                    sock.sendall(REQUEST)
                    answer = b""
                    while not answer.endswith(b"Hello World\n"):
                        answer += sock.recv(65536)
                    done += 1
            return done

        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            started = time.monotonic()
            total = sum(pool.map(load, range(64)))
            rate = total / (time.monotonic() - started)
    check(rate >= 0.97 * 320, "16 threads that sleep 0.05 s: %.1f requests/s of 320 (bound 97 %%)" % rate)


def memory(pids):
    return sum(int(re.search(r"^Rss:\s+(\d+)", pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text(), re.M).group(1)) for pid in pids)


def children(pid):
    return [int(child) for child in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]


def flat_memory(folder):
    with Server(folder, "--wsgi-file", "hello.py", "--threads", "2") as server:
        def load(count):
            threads = [threading.Thread(target=ask_pipelined, args=(server.port, count // 4)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        load(REQUESTS // 20)
        workers = children(server.process.pid)
        before = memory(workers)
        load(REQUESTS)
        after = memory(workers)
    check(after - before <= 256, "%d requests: memory %d kB, then %d kB (bound 256 kB more)" % (REQUESTS, before, after))


def ask_pipelined(port, count):
    """Many requests in one write, for a client that is written in Python costs more than the server."""
    batch = 50
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        for _ in range(count // batch):
            sock.sendall(REQUEST * batch)
            found = 0
            while found < batch:
                part = sock.recv(1 << 20)
                assert part, "the server closed the connection"
                found += part.count(b"Hello World\n")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = build(folder)
        bare_ns = min(float(subprocess.run([program, "500000"], check=True, stdout=subprocess.PIPE).stdout) for _ in range(3))
        print("       bare CPython calls: %.2f us of processor time a request" % (bare_ns / 1000))
        compare_instructions(folder, program)
        sleeping_threads(folder)
        flat_memory(folder)
    sys.exit(failed)


if __name__ == "__main__":
    main()
