"""How many workers there are, and when one is replaced."""

import signal
import time

import pytest
from load import Load
from mortise import children, run, wait_until

APP = """
import os, time
hoard = []
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow": time.sleep(1.5)
    if path == "/spin":
        end = time.monotonic() + 0.05
        while time.monotonic() < end: pass
    if path == "/leak": hoard.append(b"x" * (40 << 20))
    body = b"pid %d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


def server_with(mortise, *args):
    return mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "-L", *map(str, args), files={"app.py": APP})


def workers(server):
    return len(children(server.process.pid))


@pytest.mark.parametrize("option", [("--max-requests", 20), ("--max-worker-lifetime", 1)])
def test_a_worker_that_served_long_enough_is_replaced_and_no_request_is_lost(mortise, option):
    server = server_with(mortise, "--processes", 2, "--min-worker-lifetime", 0, *option)
    server.wait_for_log("loaded in", count=2)
    with Load(server.address(), pause=0.005) as load:
        server.wait_for_log(r"worker \d \(pid \d+\) is replaced: it (has served \d+ requests|is \d+ s old)", count=3)
    assert not load.failures


def test_min_worker_lifetime_is_served_in_any_case(mortise):
    server = server_with(mortise, "--max-requests", 2, "--min-worker-lifetime", 3)
    began = time.monotonic()
    with Load(server.address(), clients=1, pause=0.01):
        server.wait_for_log("is replaced: it has served")
    assert time.monotonic() - began > 2


@pytest.mark.parametrize("option", ["reload-on-rss", "reload-on-uss", "reload-on-pss", "reload-on-as"])
def test_a_worker_that_grows_too_large_is_replaced(mortise, option):
    least = 10**4 if option.endswith("-as") else 120
    server = server_with(mortise, "--%s" % option, least, "--min-worker-lifetime", 0)
    old = server.get().body
    for _ in range(4):
        assert server.get("/leak").status == 200
    if least == 120:
        server.wait_for_log(r"worker 1 \(pid \d+\) is replaced: its .* is \d+ MB")
        wait_until(lambda: server.get().body != old)


def test_an_evil_limit_kills(mortise):
    server = server_with(mortise, "--evil-reload-on-rss", 120)
    for _ in range(4):
        try:
            server.get("/leak")
        except OSError:
            break
    server.wait_for_log(r"worker 1 \(pid \d+\) is killed: its resident memory is \d+ MB")
    server.wait_for_log("died: signal 9")
    wait_until(lambda: server.get().status == 200)


def test_signals_and_the_fifo_add_and_take_away_workers(mortise):
    server = server_with(mortise, "--processes", 3, "--cheaper", 1, "--cheaper-algo", "manual", "--master-fifo", "fifo")
    wait_until(lambda: workers(server) == 1)
    server.signal(signal.SIGTTIN)
    wait_until(lambda: workers(server) == 2)
    (server.folder / "fifo").write_text("+")
    wait_until(lambda: workers(server) == 3)
    (server.folder / "fifo").write_text("+-")  # that is all there may be
    wait_until(lambda: workers(server) == 2)
    server.signal(signal.SIGTTOU)
    wait_until(lambda: workers(server) == 1)
    assert server.get().status == 200


def test_a_worker_taken_away_and_added_while_a_generation_starts_leaves_as_many(mortise):
    server = server_with(mortise, "--processes", 2)
    server.wait_for_log("loaded in", count=2)
    server.signal(signal.SIGHUP)
    server.wait_for_log(r"trial \(pid \d+\) stopped")  # the master executes the program: its signals wait
    server.signal(signal.SIGTTOU)
    server.signal(signal.SIGTTIN)
    server.wait_for_log("reload done")
    server.signal(signal.SIGHUP)
    server.wait_for_log(r"old worker \d \(pid \d+\) stopped", count=4)


@pytest.mark.parametrize("algorithm", ["spare", "spare2", "backlog", "busyness"])
def test_workers_come_with_the_load_and_go_without_it(mortise, algorithm):
    server = server_with(
        mortise, "--processes", 3, "--cheaper", 1, "--cheaper-algo", algorithm, "--cheaper-overload", 1,
        "--cheaper-idle", 2, "--cheaper-busyness-multiplier", 2, "--cheaper-busyness-penalty", 0,
    )  # fmt: skip
    wait_until(lambda: workers(server) == 1)
    with Load(server.address(), clients=8, keep_alive=False, path=b"/spin"):
        wait_until(lambda: workers(server) == 3)
    wait_until(lambda: workers(server) == 1)
    assert server.get().status == 200


def test_a_soft_memory_limit_keeps_workers_from_coming_and_a_hard_one_makes_them_go(mortise):
    server = server_with(mortise, "--processes", 4, "--cheaper", 1, "--cheaper-overload", 1, "--cheaper-rss-limit-soft", 1 << 20)
    with Load(server.address(), clients=8, path=b"/spin"):
        time.sleep(4)
        assert workers(server) == 1
    server = server_with(mortise, "--processes", 4, "--cheaper", 1, "--cheaper-initial", 3, "--cheaper-rss-limit-hard", 1 << 20)
    server.wait_for_log("one is taken away", count=2)
    wait_until(lambda: workers(server) == 1)


def test_cheaper_initial_workers_run_at_the_start(mortise):
    server = server_with(mortise, "--processes", 4, "--cheaper", 1, "--cheaper-initial", 2, "--cheaper-algo", "manual")
    server.wait_for_log("loaded in", count=2)
    assert workers(server) == 2


@pytest.mark.parametrize(
    "args,why",
    [
        (["--cheaper", "2", "--processes", "2"], "must be lower than"),
        (["--cheaper", "1", "--processes", "2", "--cheaper-algo", "magic"], "there is no algorithm 'magic'"),
        (["--cheaper", "1", "--processes", "2", "--cheaper-initial", "3"], "cheaper-initial is more than"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(tmp_path, args, why):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", *args)
    assert done.returncode == 79 and why in done.stdout


def test_idle_workers_end_until_a_connection_comes(mortise):
    server = server_with(mortise, "--processes", 2, "--idle", 1)
    server.wait_for_log("no request for 1 seconds: the workers end until one comes")
    wait_until(lambda: workers(server) == 0)
    assert server.get().status == 200
    wait_until(lambda: workers(server) == 2)


def test_a_cheap_server_starts_its_workers_for_the_first_connection(mortise):
    server = server_with(mortise, "--cheap")
    wait_until(lambda: workers(server) == 0)
    assert server.get().status == 200


def test_a_server_may_end_when_it_is_idle(mortise):
    server = server_with(mortise, "--idle", 1, "--die-on-idle")
    assert server.process.wait(10) == 0
