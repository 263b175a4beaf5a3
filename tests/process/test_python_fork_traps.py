"""Threads, connections and C extensions around a fork, with the real libraries."""

import concurrent.futures
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from mortise import THREAD_SANITIZED, wait_until

redis = pytest.importorskip("redis")


@pytest.fixture
def redis_server(tmp_path):
    """A client of a real redis-server that this test alone has."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("redis-server is not installed here")
    path = tmp_path / "redis.sock"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port)

    def answers():
        try:
            return client.ping()
        except redis.ConnectionError:
            return False

    try:
        wait_until(answers, what="redis-server")
        client.port = port
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()


LISTENER = """
import os, threading, time, redis, uwsgi
from uwsgidecorators import only_one, postfork

connection = redis.Redis(port=int(os.environ["REDIS_PORT"]))
received = []

def listen():
    subscription = connection.pubsub()
    subscription.subscribe("news")
    for message in subscription.listen():
        if message["type"] == "message":
            received.append(message["data"])

def start():
    threading.Thread(target=listen, name="redis-listener", daemon=True).start()

%s

def application(environ, start_response):
    time.sleep(0.05)  # so that the next request is the other worker's
    alive = any(thread.name == "redis-listener" for thread in threading.enumerate())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%%d %%s %%d" %% (uwsgi.worker_id(), alive, len(received))).encode()]
"""


def start(wsgi, redis_server, how, *args):
    return wsgi(
        LISTENER % how, "--virtualenv", sys.prefix, "--processes", "2", *args, env={"REDIS_PORT": str(redis_server.port)}
    )


def listeners(redis_server):
    return dict(redis_server.pubsub_numsub("news"))[b"news"]


def subscribers(redis_server):
    """The connections that listen, by redis' own numbers: one that died may be among them for a moment."""
    return {client["id"] for client in redis_server.client_list(_type="pubsub")}


def news_in_each_worker(server, seconds=10):
    """worker number -> (its listener runs, messages that it received), of both workers."""
    seen = {}

    def both():
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for answer in pool.map(lambda _: server.get().text, range(4)):
                wid, alive, count = answer.split()
                seen[int(wid)] = (alive == "True", int(count))
        return len(seen) == 2

    wait_until(both, seconds, "answers of both workers")
    return seen


@pytest.mark.skipif(THREAD_SANITIZED, reason="threads at a fork are ThreadSanitizer's own, too")
def test_a_thread_of_a_preloaded_application_stays_in_the_master_and_the_log_says_so(wsgi, redis_server):
    server = start(wsgi, redis_server, "start()", "--preload")
    server.wait_for_log(
        r"the master runs threads \('redis-listener'\): they do not exist in the workers, which are forked from "
        r"it \(start them in a plugin's hook post_fork, in Python in a function marked @postfork, or load the application in each worker: lazy-apps\)"
    )
    wait_until(lambda: listeners(redis_server) == 1, what="the master's listener")
    redis_server.publish("news", "x")
    assert news_in_each_worker(server) == {1: (False, 0), 2: (False, 0)}


@pytest.mark.parametrize(
    "how, args", [("start()", ["--lazy-apps"]), ("postfork(start)", ["--preload"]), ("postfork(start)", []), ("uwsgi.post_fork_hook = start", ["--preload"])]
)
def test_with_lazy_apps_or_postfork_it_runs_in_each_worker(wsgi, redis_server, how, args):
    server = start(wsgi, redis_server, how, *args)
    wait_until(lambda: listeners(redis_server) == 2, what="a listener in each worker")
    assert redis_server.publish("news", "x") == 2
    wait_until(lambda: news_in_each_worker(server) == {1: (True, 1), 2: (True, 1)}, what="the message in both")
    assert "the master runs threads" not in server.log


@pytest.mark.parametrize("mode", ["--preload", "--lazy-apps"])
def test_with_only_one_it_runs_once_and_moves_when_its_worker_dies(wsgi, redis_server, mode):
    server = start(wsgi, redis_server, "only_one(listen)", mode)
    where = re.compile(r"python: listen runs in worker (\d), and in no other")
    first = int(server.wait_for_log(where).group(1))
    wait_until(lambda: listeners(redis_server) == 1, what="one listener")
    dead = subscribers(redis_server)
    pid = int(re.search(r"worker %d \(pid (\d+)\) started" % first, server.log).group(1))
    os.kill(pid, signal.SIGKILL)
    server.wait_for_log(where, count=2)
    wait_until(lambda: not subscribers(redis_server) & dead and listeners(redis_server) == 1, what="one listener again")
    assert redis_server.publish("news", "x") == 1


def test_it_still_runs_once_after_a_reload(wsgi, redis_server):
    server = start(wsgi, redis_server, "only_one(listen)")
    where = r"python: listen runs in worker \d, and in no other"
    server.wait_for_log(where)
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done: 2 workers replaced")
    # An old worker may have had it for a moment, between the end of the other old one and its own.
    server.wait_for_log(where, count=2)

    def reaches_one_worker():
        reached = redis_server.publish("news", "x")
        return reached == 1 and sum(count > 0 for _, count in news_in_each_worker(server).values()) == 1

    wait_until(reaches_one_worker, what="the message in one worker")
    assert listeners(redis_server) == 1


def test_a_connection_that_a_preloaded_application_opened_is_named(wsgi, redis_server):
    server = start(wsgi, redis_server, "connection.ping()", "--preload")
    server.wait_for_log(
        r"the master has connections open \(127.0.0.1:%d \(descriptor \d+\)\): all workers would use the same "
        r"ones and get each other's answers \(connect in a plugin's hook post_fork, in Python in a function marked @postfork" % redis_server.port
    )


PER_CORE = """
import os, threading, redis
of_this_thread = threading.local()

def connection():
    if not hasattr(of_this_thread, "connection"):
        of_this_thread.connection = redis.Redis(port=int(os.environ["REDIS_PORT"]), single_connection_client=True)
    return of_this_thread.connection

def application(environ, start_response):
    name = environ["QUERY_STRING"]
    client = connection()
    good = all(client.set(name, i) and client.get(name) == str(i).encode() for i in range(50))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%s %d" % (b"good" if good else b"mixed up", client.connection._sock.fileno())]
"""


def test_a_connection_for_each_core_is_never_shared_by_two_threads(wsgi, redis_server):
    server = wsgi(PER_CORE, "--virtualenv", sys.prefix, "--threads", "4", env={"REDIS_PORT": str(redis_server.port)})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: server.get("/?key%d" % i).text, range(64)))
    assert {answer.split()[0] for answer in answers} == {"good"}
    assert 1 < len({answer.split()[1] for answer in answers}) <= 4


# ---- C code that blocks ----

SLEEP = "#include <unistd.h>\nint block(int seconds) { sleep(seconds); return seconds; }\n"
BLOCKING = """
import ctypes, os
library = ctypes.CDLL(os.environ["SLEEP_SO"])
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % library.block(2)]
"""


@pytest.fixture
def sleep_so(tmp_path):
    """A C library that blocks."""
    compiler = shutil.which("cc") or pytest.skip("no C compiler here")
    source, library = tmp_path / "sleep.c", tmp_path / "sleep.so"
    source.write_text(SLEEP)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize("args", [["--threads", "20"], ["--processes", "20"]], ids=" ".join)
def test_twenty_calls_that_block_for_two_seconds_take_two_seconds(wsgi, sleep_so, args):
    server = wsgi(BLOCKING, *args, env={"SLEEP_SO": str(sleep_so)})
    server.wait_for_log("loaded in", count=20 if "--processes" in args else 1)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        started = time.monotonic()
        answers = list(pool.map(lambda _: server.get(timeout=60).text, range(20)))
        took = time.monotonic() - started
    assert answers == ["2"] * 20
    assert 2 <= took < 5


IN_A_MULE = """
import ctypes, os, time
from uwsgidecorators import mulefunc
library = ctypes.CDLL(os.environ["SLEEP_SO"])

@mulefunc
def block():
    began = time.time()
    library.block(2)
    print("blocked from %f to %f" % (began, time.time()), flush=True)

def application(environ, start_response):
    began = time.time()
    block()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%f" % (time.time() - began)]
"""


def test_calls_that_block_keep_mules_busy_side_by_side_and_no_request(wsgi, sleep_so):
    server = wsgi(IN_A_MULE, "--mules", "4", env={"SLEEP_SO": str(sleep_so)})
    server.wait_for_log(r"mule(?: \d)? \(pid \d+\) started", count=4)
    for _ in range(4):
        assert float(server.get().text) < 2
    server.wait_for_log("blocked from", count=4, seconds=30)
    spans = [(float(began), float(ended)) for began, ended in re.findall(r"blocked from (\S+) to (\S+)", server.log)]
    # One after the other they would need 8 s.
    assert max(ended for _, ended in spans) - min(began for began, _ in spans) < 7
