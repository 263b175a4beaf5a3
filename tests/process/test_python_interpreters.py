"""--py-thread-interpreters: what the cores of a worker share, and what they do not."""

import collections
import concurrent.futures
import http.client
import os
import sys

import pytest

from mortise import run, write

VERSION = os.environ.get("MORTISE_PYTHON_VERSION", "%d.%d" % sys.version_info[:2])
OWN_GIL = tuple(map(int, VERSION.split("."))) >= (3, 12)

COUNTER = """
import threading
from flask import Flask

app = Flask(__name__)
COUNT = 1
guard = threading.Lock()


@app.route("/locked")
def locked():
    with guard:
        return count()


@app.route("/")
def count():
    global COUNT
    COUNT = COUNT - 1
    COUNT = COUNT + 1
    COUNT = COUNT * 2
    return "%s %d" % (threading.current_thread().name, COUNT)
"""


def get(server, path="/"):
    connection = http.client.HTTPConnection(*server.address(), timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def fifty(server, path="/"):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        return list(pool.map(lambda _: get(server, path), range(50)))


def flask(wsgi, *args):
    pytest.importorskip("flask")
    return wsgi(COUNTER, "--virtualenv", sys.prefix, "--threads", "8", *args)


def test_with_one_interpreter_and_a_lock_every_count_arrives(wsgi):
    answers = fifty(flask(wsgi), "/locked")
    assert max(int(answer.split()[1]) for answer in answers) == 2**50


def test_each_core_counts_for_itself_and_needs_no_lock(wsgi):
    server = flask(wsgi, "--py-thread-interpreters")
    server.wait_for_log("each of the 8 threads of worker 1 has an interpreter", seconds=50)  # each imports Flask
    highest = collections.defaultdict(int)
    for answer in fifty(server):
        core, count = answer.split()
        highest[core] = max(highest[core], int(count))
    product = 1
    for count in highest.values():
        product *= count
    assert product == 2**50
    assert len(highest) > 1


def test_the_log_says_what_the_threads_have(wsgi):
    server = wsgi("def app(e, s): s('200 OK', []); return []", "--threads", "2", "--py-thread-interpreters")
    server.wait_for_log(
        r"each of the 2 threads of worker 1 has an interpreter %s" % ("and a GIL of its own" if OWN_GIL else "of its own")
    )


SEVERAL = """
import atexit, threading, uwsgi, uwsgidecorators

@uwsgidecorators.postfork
def start():
    print("postfork", uwsgi.worker_id(), flush=True)

@uwsgidecorators.signal(17, target="worker")
def handle(signum):
    print("handled", flush=True)

atexit.register(lambda: print("atexit", flush=True))

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/signal":
        for _ in range(20):
            uwsgi.signal(17)
    if environ["PATH_INFO"] == "/file":
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    if environ["PATH_INFO"] == "/body":
        return [environ["wsgi.input"].read()]
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("on purpose")
    return [threading.current_thread().name.encode()]
"""


def test_hooks_signals_files_and_bodies_work_in_every_interpreter(wsgi):
    server = wsgi(SEVERAL, "--threads", "4", "--py-thread-interpreters", "--disable-logging")
    server.wait_for_log("postfork 1", count=4)
    for _ in range(12):
        assert b"SEVERAL" not in server.get("/file").body and server.get("/file").body.endswith(b".encode()]\n")
        assert server.request("POST", "/body", b"x" * 100000).body == b"x" * 100000
        assert server.get("/fail").status == 500
    server.get("/signal")
    server.wait_for_log("handled", count=20)
    server.stop()
    assert server.log.count("atexit") == 4


def test_respawned_and_several_workers_have_them_too(wsgi):
    server = wsgi(SEVERAL, "--processes", "2", "--threads", "3", "--py-thread-interpreters", "--preload", "--disable-logging")
    server.wait_for_log("has an interpreter", count=2)
    server.wait_for_log("postfork", count=6)
    assert server.get().text in ("MainThread", "uWSGIWorker1Core1", "uWSGIWorker1Core2", "uWSGIWorker2Core1", "uWSGIWorker2Core2")


EXTENSION = """
import numpy
def app(environ, start_response):
    start_response("200 OK", [])
    return [str(numpy.zeros(3).sum()).encode()]
"""


@pytest.mark.skipif(not OWN_GIL, reason="before 3.12 interpreters share the GIL, and such modules load")
def test_an_extension_for_one_interpreter_gets_one_clear_message(tmp_path):
    pytest.importorskip("numpy")
    write(tmp_path, "app.py", EXTENSION)
    ended = run(
        tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--threads", "2", "--py-thread-interpreters",
        "--virtualenv", sys.prefix,
    )
    assert ended.returncode == 22
    assert "the interpreter of core 1 cannot load the application: " in ended.stdout
    assert "works in one interpreter of a process only: drop py-thread-interpreters" in ended.stdout


# A request tells how long it took, how long it computed, and how long it waited for a processor (proc(5), schedstat):
# the rest it waited for the GIL. So a machine that others use as well gives the same result.
BUSY = """
import time

def processor_time():
    with open("/proc/thread-self/schedstat") as file:
        return sum(int(number) for number in file.read().split()[:2])

def app(environ, start_response):
    started, before = time.perf_counter_ns(), processor_time()
    total = 0
    for i in range(1000000):
        total += i * i
    text = "%d %d" % (processor_time() - before, time.perf_counter_ns() - started)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
"""


def throughput_of_two(server):
    """How many times the work of one client two clients get done at the same time."""

    def load(_):
        return [tuple(map(int, get(server).split())) for _ in range(8)]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        times = [pair for pairs in pool.map(load, range(2)) for pair in pairs]
    return 2 * sum(busy for busy, _ in times) / sum(took for _, took in times)


@pytest.mark.skipif(not OWN_GIL, reason="before 3.12 interpreters share the GIL")
def test_two_threads_compute_at_the_same_time(wsgi):
    server = wsgi(BUSY, "--threads", "2", "--py-thread-interpreters", "--disable-logging")
    assert throughput_of_two(server) >= 1.7
