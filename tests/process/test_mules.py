"""Mules and farms: messages, signals, programs, deadlines."""

import os
import re
import signal
import time

import pytest

from mortise import BUILD, run, wait_until

FIXTURE = ("--plugin", "6:%s" % (BUILD / "fixtures/mule_fixture_plugin.so"), "--http-socket", "127.0.0.1:0", "--http-socket-modifier1", "6")
FARM = ("--mules", "3", "--farm", "pair:1,2")
HELLO = """
import os, uwsgi
def application(environ, start_response):
    value = eval(environ.get("HTTP_X_EVAL", "0"))
    start_response("200 OK", [])
    return [repr(value).encode()]
"""


def ask(server, expression):
    return eval(server.get(headers={"X-Eval": expression}).text)


def mule_pid(server, number):
    return int(server.wait_for_log(r"mule(?: %d)? \(pid (\d+)\) started" % number).group(1))


def test_messages_reach_one_mule_and_those_of_a_farm_one_of_its_mules(mortise):
    server = mortise(*FIXTURE, *FARM)
    for number in range(30):
        assert server.get("/msg/word%d" % number).body == b"ok"
        assert server.get("/farm/pair/hello%d" % number).body == b"ok"
    server.wait_for_log("got word", count=30)
    server.wait_for_log(r"mule [12] got hello", count=30)
    assert "mule 3 got hello" not in server.log
    assert len(re.findall("got word7\n", server.log)) == 1
    assert server.get("/farm/none/hello").body == b"no"


def test_signals_reach_any_mule_one_mule_all_mules_and_farms(mortise):
    server = mortise(*FIXTURE, *FARM)
    for number in range(1, 5):
        assert server.get("/signal/%d" % number).body == b"ok"
    server.wait_for_log(r"signal 1 in mule [123]: any")
    server.wait_for_log("signal 2 in mule 2: second")
    server.wait_for_log(r"signal 3 in mule [12]: farm")
    for mule in (1, 2, 3):
        server.wait_for_log("signal 4 in mule %d: each" % mule)


def test_a_mule_that_dies_comes_back(mortise):
    server = mortise(*FIXTURE, "--mule")
    server.get("/msg/before")
    server.wait_for_log("mule 1 got before")
    os.kill(mule_pid(server, 1), signal.SIGKILL)
    server.get("/msg/after")
    server.wait_for_log("mule 1 got after")


def test_a_message_that_takes_too_long_costs_its_mule_its_life(mortise):
    server = mortise(*FIXTURE, "--mule", "--mule-harakiri", "1")
    server.get("/msg/hang")
    server.wait_for_log(r"mule 1 \(pid \d+\) is overdue: killed", 6)
    server.get("/msg/next")
    server.wait_for_log("mule 1 got next")


def test_a_program_of_a_mule_runs_and_stops_with_the_server(mortise):
    server = mortise(*FIXTURE, "--mule=beats", "--mule")
    server.wait_for_log("mule 1 beats", count=3)
    server.get("/msg/you")
    server.wait_for_log("mule 2 got you")
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 3


def test_a_queue_that_nobody_empties_is_bounded(mortise):
    server = mortise(*FIXTURE, "--mule=beats")
    answers = {server.get("/msg/" + "x" * 20).body for _ in range(1000)}
    assert answers == {b"ok", b"no"}
    server.wait_for_log("the mules are behind: more mules, or a larger mule-msg-size")


def test_what_no_plugin_runs_is_named(mortise):
    server = mortise(*FIXTURE, "--mule=nothing")
    server.wait_for_log(r"mule 1: no plugin runs 'nothing'")


def test_farms_of_mules_that_are_not_there_end_the_start(tmp_path):
    done = run(tmp_path, "--mule", "--farm", "f:2", "--socket", "127.0.0.1:0", "--no-need-app")
    assert done.returncode != 0
    assert "farm 'f:2': there is no mule '2' (there are 1)" in done.stdout


@pytest.mark.parametrize("lazy", [(), ("--lazy-apps",)])
def test_mulefunc_and_a_message_hook_in_python(wsgi, lazy):
    source = HELLO + """
from uwsgidecorators import mulefunc, signal

@mulefunc(2)
def work(a, b):
    print("work %d in mule %d" % (a + b, uwsgi.mule_id()), flush=True)

@mulefunc("both")
def chat(text):
    print("chat %s in mule %d" % (text, uwsgi.mule_id()), flush=True)

@signal(9, target="mule1")
def heard(number):
    print("python heard %d in mule %d" % (number, uwsgi.mule_id()), flush=True)
"""
    server = wsgi(source, "--mules", "2", "--farm", "both:1,2", *lazy)
    ask(server, "work(40, 2)")
    server.wait_for_log("work 42 in mule 2")
    ask(server, "chat(text='hi')")
    server.wait_for_log(r"chat hi in mule [12]")
    ask(server, "uwsgi.signal(9)")
    server.wait_for_log("python heard 9 in mule 1")
    assert ask(server, "(uwsgi.mule_id(), uwsgi.mule_msg(b'x' * 60000, 1))") == (0, True)


MULE = """
import uwsgi
print("mule %d in %r" % (uwsgi.mule_id(), uwsgi.in_farm("f")), flush=True)
while True:
    message = uwsgi.mule_get_msg()
    print("mule.py got %r, then %r" % (message, uwsgi.mule_get_msg(timeout=0)), flush=True)
"""


def test_a_python_file_is_a_mule(wsgi):
    server = wsgi(HELLO, "--mule=mule.py", "--mule", "--farm", "f:1", files={"mule.py": MULE})
    server.wait_for_log("mule 1 in True")
    ask(server, "uwsgi.mule_msg('to one', 1)")
    server.wait_for_log("mule.py got b'to one', then b''")
    ask(server, "uwsgi.farm_msg('f', 'to the farm')")
    server.wait_for_log("mule.py got b'to the farm'")
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 3


def test_muleloops_and_message_loops_in_python(wsgi):
    source = HELLO + """
from uwsgidecorators import mulemsg, farm, mule

@mulemsg(1)
def got(message):
    print("loop got %r in %d" % (message, uwsgi.mule_id()), flush=True)

@mule(2)
def brain():
    print("brain in %d" % uwsgi.mule_id(), flush=True)
"""
    server = wsgi(source, "--mules", "2")
    server.wait_for_log("brain in 2")
    ask(server, "uwsgi.mule_msg('one', 1)")
    server.wait_for_log("loop got b'one' in 1|nobody takes a message|mule_msg_hook failed")


def test_a_reload_brings_new_mules(wsgi):
    server = wsgi(HELLO, "--mule")
    first = mule_pid(server, 1)
    server.signal(signal.SIGHUP)
    wait_until(lambda: not os.path.exists("/proc/%d" % first))
    server.wait_for_log(r"mule \(pid \d+\) started", count=2)
