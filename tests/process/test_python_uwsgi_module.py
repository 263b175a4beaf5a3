"""import uwsgi: what applications and monitoring agents find in it."""

import os
import re
import signal
import subprocess
import sys

import pytest

from mortise import THREAD_SANITIZED, wait_until

EVAL = """
import os, threading, uwsgi

def application(environ, start_response):
    value = eval(environ["HTTP_X_EVAL"])
    start_response("200 OK", [])
    return [repr(value).encode()]
"""


@pytest.fixture
def ask(wsgi):
    """ask(expression) evaluates it in a request, in a server with two workers."""
    server = wsgi(EVAL, "--processes", "2", "--threads", "2", "--master")

    def evaluate(expression):
        return eval(server.get(headers={"X-Eval": expression}).text)

    evaluate.server = server
    return evaluate


def test_the_module_exists_only_inside_the_server():
    code = "import uwsgi"
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode == 1


def test_it_says_which_server_and_which_process_this_is(ask):
    assert ask("uwsgi.masterpid()") == ask.server.process.pid
    assert ask("uwsgi.worker_id()") in (1, 2)
    assert ask("(uwsgi.numproc, uwsgi.cores, uwsgi.threads, uwsgi.has_threads, uwsgi.mule_id())") == (2, 2, 2, 1, 0)
    assert ask("uwsgi.hostname.decode() == os.uname().nodename")
    assert ask("isinstance(uwsgi.buffer_size, int)")
    assert ask("uwsgi.micros() // 1000000 - uwsgi.started_on") in range(60)
    assert ask("[uwsgi.SPOOL_OK, uwsgi.SPOOL_RETRY, uwsgi.SPOOL_IGNORE]") == [-2, -1, 0]
    assert ask("all(m > 1000000 for m in uwsgi.mem())")


def test_the_version_satisfies_agents_and_our_own_is_apart(ask):
    assert ask("uwsgi.version") == b"2.0.31"
    assert ask("uwsgi.version_info") == (2, 0, 31, 0, b"")
    assert re.fullmatch(r"\d+\.\d+\.\d+", ask("uwsgi.mortise_version"))


def test_opt_has_what_was_given_and_the_defaults_that_agents_look_for(ask):
    options = ask("uwsgi.opt")
    assert options["wsgi-file"] == b"app.py"
    assert options["processes"] == b"2"
    assert options["threads"] == b"2"
    for name in ("master", "enable-threads", "lazy-apps", "single-interpreter", "py-call-uwsgi-fork-hooks"):
        assert options[name] is True, name


def test_workers_describes_each_worker_as_uwsgi_does(ask):
    answering, workers = ask("(uwsgi.worker_id(), uwsgi.workers())")
    assert [worker["id"] for worker in workers] == [1, 2]
    assert set(workers[0]) == {
        "id", "pid", "requests", "delta_requests", "signals", "exceptions", "status", "rss", "vsz", "running_time",
        "last_spawn", "respawn_count", "tx", "avg_rt", "apps",
    }  # fmt: skip
    busy = workers[answering - 1]  # the other one may still be counting an answer that was already read
    assert busy["status"] == b"busy"
    assert set(busy["apps"][0]) == {
        "id", "modifier1", "mountpoint", "startup_time", "interpreter", "callable", "requests", "exceptions", "chdir",
    }  # fmt: skip


def test_exceptions_are_counted(wsgi):
    source = EVAL + "\n    return value"
    server = wsgi(source)
    for _ in range(3):
        assert server.get(headers={"X-Eval": "1/0"}).status == 500
    worker = eval(server.get(headers={"X-Eval": "uwsgi.workers()[0]"}).text)
    assert (worker["exceptions"], worker["apps"][0]["exceptions"], worker["apps"][0]["requests"]) == (3, 3, 4)


def test_total_requests_counts_those_of_all_workers(ask):
    first = ask("uwsgi.total_requests()")
    wait_until(lambda: ask("uwsgi.total_requests()") >= first + 5)


def test_the_current_request_can_be_asked_about(ask):
    assert ask("(uwsgi.env is environ, uwsgi.cl(), uwsgi.is_connected(uwsgi.connection_fd()))") == (True, 0, True)
    assert ask("uwsgi.set_logvar('a', 'b')") is None
    assert ask("uwsgi.add_var('A', 'b')") is True


def test_outside_a_request_it_says_so(mortise):
    source = "import uwsgi\nfor f in ('connection_fd', 'cl', 'disconnect'):\n    try:\n        getattr(uwsgi, f)()\n    except RuntimeError as e:\n        print('refused:', e)\n"
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--preload", files={"app.py": source + EVAL})
    server.wait_for_log("refused: this thread serves no request", count=3)
    assert server.get(headers={"X-Eval": "hasattr(uwsgi, 'env')"}).text == "True"


def test_what_is_not_there_is_not_there(ask):
    assert ask("[hasattr(uwsgi, name) for name in ('nonsense', 'cache_get', 'spool')]") == [False, False, False]


def test_log_writes_a_line(ask):
    assert ask("[uwsgi.log('text \\u20ac'), uwsgi.log(b'bytes')]") == [True, True]
    ask.server.wait_for_log("(?m)text \u20ac$")
    ask.server.wait_for_log("(?m)bytes$")


def test_disconnect_ends_the_connection_and_the_application_goes_on(wsgi):
    source = """
import uwsgi
def application(environ, start_response):
    start_response("200 OK", [])
    uwsgi.disconnect()
    print("still here")
    return [b"nobody reads this"]
"""
    server = wsgi(source)
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"nobody" not in sock.recv(4096)
    server.wait_for_log("still here")


def test_locks_exclude_threads_and_processes(wsgi, tmp_path):
    source = """
import time, uwsgi
def application(environ, start_response):
    uwsgi.lock()
    try:
        with open("counter") as file:
            value = int(file.read())
        time.sleep(0.01)
        with open("counter", "w") as file:
            file.write(str(value + 1))
    finally:
        uwsgi.unlock()
    start_response("200 OK", [])
    return [b""]
"""
    import threading

    server = wsgi(source, "--processes", "2", "--threads", "4", files={"counter": "0"})
    threads = [threading.Thread(target=server.get) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.folder / "counter").read_text() == "24"


def test_a_lock_that_does_not_exist_is_refused(ask):
    with pytest.raises(Exception):
        ask("uwsgi.lock(99)")
    ask.server.wait_for_log("ValueError: there is no lock 99: the server has 0 to 0")


@pytest.mark.parametrize("call, signum", [("uwsgi.stop()", signal.SIGTERM), ("uwsgi.reload()", signal.SIGHUP)])
def test_reload_and_stop_act_on_the_master(ask, call, signum):
    before = ask("os.getpid()")
    assert ask(call) is True
    if signum == signal.SIGTERM:
        assert ask.server.process.wait(10) == 0
    else:
        wait_until(lambda: ask("os.getpid()") != before)


# ---- fork and exit ----

HOOKS = """
import os, uwsgi
print("loaded in", "master" if uwsgi.worker_id() == 0 else "worker")

def hook():
    print("hook in worker %d of pid %s" % (uwsgi.worker_id(), os.getpid()))
uwsgi.post_fork_hook = hook

def application(environ, start_response):
    start_response("200 OK", [])
    return [b"%d" % os.getpid()]
"""


@pytest.mark.parametrize("mode, loads", [("--preload", 1), ("--lazy-apps", 2)])
def test_post_fork_hook_runs_once_in_each_worker(wsgi, mode, loads):
    server = wsgi(HOOKS, mode, "--processes", "2")
    for wid in (1, 2):
        server.wait_for_log("hook in worker %d of pid" % wid)
    assert server.log.count("hook in worker") == 2
    assert server.log.count("loaded in %s" % ("master" if mode == "--preload" else "worker")) == loads
    pid = int(server.get().body)
    os.kill(pid, signal.SIGKILL)
    server.wait_for_log("hook in worker", count=3)


def test_postfork_of_uwsgidecorators_may_name_a_worker(wsgi):
    source = """
import uwsgi
from uwsgidecorators import postfork

@postfork
def everywhere():
    print("everywhere in", uwsgi.worker_id())

@postfork(2)
def only_two():
    print("only_two in", uwsgi.worker_id())

def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]
"""
    server = wsgi(source, "--processes", "3")
    for wid in (1, 2, 3):
        server.wait_for_log("everywhere in %d" % wid)
    server.wait_for_log("only_two in 2")
    assert server.log.count("only_two in") == 1


def test_a_failing_hook_is_logged_and_the_worker_serves(wsgi):
    server = wsgi(HOOKS.replace("    print(\"hook", "    1/0\n    print(\"hook"))
    assert server.get().status == 200
    assert "python: uwsgi.post_fork_hook failed:\nTraceback" in server.log
@pytest.mark.skipif(THREAD_SANITIZED, reason="threads at a fork are ThreadSanitizer's own, too")


def test_threads_of_the_master_are_named_before_they_are_lost(mortise):
    source = """
import threading, time
def listen():
    while True:
        time.sleep(1)
threading.Thread(target=listen, name="redis-listener", daemon=True).start()
def application(environ, start_response):
    start_response("200 OK", [])
    return [repr([t.name for t in threading.enumerate()]).encode()]
"""
    arguments = ("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2")
    preloaded = mortise(*arguments, "--preload", files={"app.py": source})
    assert "redis-listener" not in preloaded.get().text
    expected = (
        "the master runs threads ('redis-listener'): they do not exist in the workers, which are forked from it "
        "(start them in a plugin's hook post_fork, in Python in a function marked @postfork, or load the application in each worker: lazy-apps)"
    )
    assert preloaded.log.count(expected) == 1
    lazy = mortise(*arguments, files={"app.py": source})
    assert "redis-listener" in lazy.get().text
    assert "the master runs threads" not in lazy.log


def test_fork_hooks_of_python_run_in_workers(mortise):
    source = """
import os
os.register_at_fork(after_in_child=lambda: print("child hook"), after_in_parent=lambda: print("parent hook"))
def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]
"""
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--preload", "--processes", "2", files={"app.py": source})
    server.wait_for_log("child hook", count=2)
    server.wait_for_log("parent hook", count=2)


def test_atexit_functions_run_once_in_each_worker(wsgi):
    source = """
import atexit, os, uwsgi
atexit.register(lambda: print("atexit in", uwsgi.worker_id()))
def last():
    print("uwsgi.atexit in", uwsgi.worker_id())
uwsgi.atexit = last
def application(environ, start_response):
    start_response("200 OK", [])
    print("not flushed", end="")
    return [b""]
"""
    server = wsgi(source, "--processes", "2")
    server.get()
    server.wait_for_log("worker 1 .* started")
    server.wait_for_log("application from .* loaded", count=2)
    server.stop()
    for wid in (1, 2):
        assert server.log.count("\natexit in %d\n" % wid) + server.log.count("not flushedatexit in %d" % wid) == 1
        assert server.log.count("uwsgi.atexit in %d" % wid) == 1
    assert "not flushed" in server.log


def test_a_process_that_the_application_forks_is_no_second_worker(wsgi):
    source = """
import os, sys
def application(environ, start_response):
    child = os.fork()
    if child == 0:
        sys.exit(7)
    _, status = os.waitpid(child, 0)
    start_response("200 OK", [])
    return [b"%d" % (status >> 8)]
"""
    server = wsgi(source)
    assert server.get().body == b"7"
    assert server.get().body == b"7"


def test_programs_that_the_application_runs_get_ordinary_signals(wsgi):
    source = """
import subprocess
def application(environ, start_response):
    start_response("200 OK", [])
    child = subprocess.Popen(["sleep", "60"])
    child.terminate()
    shell = subprocess.run("yes | head -n 1", shell=True, stdout=subprocess.PIPE)
    return [b"%d %s" % (child.wait(10), shell.stdout)]
"""
    assert wsgi(source, "--threads", "2").get().body == b"-15 y\n"
