"""Signals and timers, from uwsgidecorators and from the functions below them."""

import os
import signal
import time

import pytest

from mortise import EXAMPLES, wait_until

HELLO = """
import os
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"%d" % os.getpid()]
"""


@pytest.mark.parametrize("name, line, seconds", [("mytasks.py", "3 seconds elapsed", 3), ("mytasks_api.py", "signal 26: 2 seconds elapsed", 2)])
def test_the_examples_print_at_their_time(wsgi, name, line, seconds):
    server = wsgi(HELLO, "--import", name, "--processes", "2", files={name: (EXAMPLES / "timers" / name).read_text()})
    server.wait_for_log("application from", count=2)
    started = time.monotonic()
    server.wait_for_log(line, seconds + 2)
    assert time.monotonic() - started > seconds - 0.5
    assert server.log.count(line) == 1


MILLISECONDS = """
import uwsgi, os
def tick(signum):
    print("tick %d in %d" % (signum, uwsgi.worker_id()))
uwsgi.register_signal(5, "worker", tick)
uwsgi.add_ms_timer(5, 50)
"""


def ticks(server):
    return server.log.count("tick 5")


def test_a_timer_fires_once_for_the_whole_server_however_many_workers_add_it(wsgi):
    server = wsgi(HELLO + MILLISECONDS, "--processes", "4")
    server.wait_for_log("application from", count=4)
    first, started = ticks(server), time.monotonic()
    wait_until(lambda: ticks(server) >= first + 20)
    elapsed = time.monotonic() - started
    assert 0.9 <= elapsed, "20 ticks of 50 ms take a second"


def test_a_respawned_worker_does_not_start_a_counted_timer_again(wsgi):
    source = HELLO + MILLISECONDS.replace("add_ms_timer(5, 50)", "add_rb_timer(5, 1, 1)")
    server = wsgi(source)
    server.wait_for_log("tick 5")
    os.kill(int(server.get().body), signal.SIGKILL)
    server.wait_for_log("application from", count=2)
    server.get()
    time.sleep(1.5)  # longer than the period: nothing must come
    assert ticks(server) == 1


def test_the_decorators_use_the_same_signal_in_every_worker(wsgi):
    source = HELLO + """
import uwsgi
from uwsgidecorators import timer, rbtimer, cron, signal

def make(i):
    @rbtimer(1, iterations=1)
    def closure(signum):
        print("closure", i)
for i in range(3):
    make(i)

@timer(1, target="workers")
def each(signum):
    print("each in", uwsgi.worker_id())

@cron(-1, -1, -1, -1, -1)
def minutely(signum):
    pass

@signal(99)
def by_number(signum):
    print("signal", signum)

if uwsgi.worker_id() == 1:
    @rbtimer(1, iterations=1)
    def only_in_one(signum):
        print("only in one")
"""
    server = wsgi(source, "--processes", "2")
    for wid in (1, 2):
        server.wait_for_log("each in %d" % wid)
    for i in range(3):
        server.wait_for_log("closure %d" % i)
        assert server.log.count("closure %d" % i) == 1


def test_a_signal_reaches_whom_it_names(wsgi):
    source = """
import uwsgi
def handler(signum):
    print("signal %d in %d" % (signum, uwsgi.worker_id()))
uwsgi.register_signal(10, "workers", handler)
uwsgi.register_signal(11, "worker2", handler)
uwsgi.register_signal(12, "", handler)
def application(environ, start_response):
    uwsgi.signal(int(environ["QUERY_STRING"]))
    start_response("200 OK", [])
    return [repr([uwsgi.signal_registered(n) for n in (10, 13)]).encode()]
"""
    server = wsgi(source, "--processes", "2")
    server.wait_for_log("application from", count=2)
    assert server.get("/?10").text == "[True, False]"
    server.wait_for_log("signal 10 in 1")
    server.wait_for_log("signal 10 in 2")
    server.get("/?11")
    server.wait_for_log("signal 11 in 2")
    server.get("/?12")
    server.wait_for_log(r"signal 12 in \d")
    assert server.log.count("signal 12 in") == 1
    assert server.get("/?13").status == 500
    server.wait_for_log("OSError: signal 13 was not delivered: nobody registered it")


def test_a_handler_that_fails_is_logged_and_called_again(wsgi):
    server = wsgi(HELLO + MILLISECONDS.replace("    print(", "    raise ValueError("))
    server.wait_for_log("python: the handler of signal 5 failed:\n", count=2)
    assert server.get().status == 200


@pytest.mark.parametrize(
    "call, message",
    [
        ("uwsgi.register_signal(300, '', print)", "ValueError: signal numbers are 0 to 255, not 300"),
        ("uwsgi.register_signal(3, 'worker9', print)", "ValueError: unable to register signal 3 for 'worker9'"),
        ("uwsgi.register_signal(3, '', None)", "TypeError: the handler must be callable, not NoneType"),
        ("uwsgi.add_timer(3, 0)", "ValueError: unable to add a timer for signal 3 (the server log says why)"),
        ("uwsgi.add_cron(3, 60, 0, 0, 0, 0)", "ValueError: unable to add a cron entry for signal 3 (the server log says why)"),
    ],
)
def test_what_cannot_be_registered_is_refused(wsgi, call, message):
    server = wsgi("import uwsgi\n%s\n" % call + HELLO, "--no-need-app")
    server.wait_for_log(message.replace("(", r"\(").replace(")", r"\)"))


def test_signals_are_handled_between_requests_while_other_threads_serve(wsgi):
    server = wsgi(HELLO + MILLISECONDS, "--threads", "2")
    for _ in range(20):
        assert server.get().status == 200
    server.wait_for_log("tick 5", count=3)
