"""The spooler: tasks in files, run by a process of their own."""

import os
import re
import signal
import struct
import time

import pytest

from mortise import read_all, run, wait_until

APP = """
import os, time, uwsgi
from uwsgidecorators import spool

def text(task):
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in task.items()}

def work(task):
    task = text(task)
    print("task %s in %s by %d" % (sorted(item for item in task.items() if item[0] != "spooler_task_name"), os.getcwd(), os.getpid()), flush=True)
    if task.get("do") == b"hang":
        time.sleep(60)
    if task.get("do") == b"fail":
        raise RuntimeError("this one fails")
    if task.get("do") == b"retry" and not os.path.exists("enough"):
        return uwsgi.SPOOL_RETRY
    return uwsgi.SPOOL_OK

uwsgi.spooler = work

def application(environ, start_response):
    value = eval(environ.get("HTTP_X_EVAL", "0"))
    start_response("200 OK", [])
    return [repr(value).encode()]
"""


@pytest.fixture
def spooler(wsgi):
    def start(*args, **kwargs):
        return wsgi(APP, "--spooler", "tasks", "--spooler-frequency", "1", *args, **kwargs)

    return start


def ask(server, expression):
    return eval(server.get(headers={"X-Eval": expression}).text)


def files(server, folder="tasks"):
    return [path for path in (server.folder / folder).rglob("*") if path.is_file()]


def test_a_task_runs_at_once_and_its_file_is_removed(spooler):
    server = spooler("--processes", "2")
    path = ask(server, "uwsgi.spool({b'name': b'x', b'body': b'b' * 100000})").decode()
    assert re.search(r"/tasks/uwsgi_spoolfile_on_\S+_\d+_\d+_\d+_\d+$", path)
    server.wait_for_log(r"task \[\('body', b'b+'\), \('name', b'x'\)\]")
    wait_until(lambda: not files(server))
    server.wait_for_log("done with task uwsgi_spoolfile_on_")
    assert ask(server, "uwsgi.spooler_pid()") > 0


def test_keywords_numbers_and_text_are_values_too(spooler):
    server = spooler()
    ask(server, "uwsgi.spool(one='two', three=4)")
    server.wait_for_log(r"task \[\('one', b'two'\), \('three', b'4'\)\]")


def test_a_task_that_asks_for_it_or_fails_is_tried_again(spooler):
    server = spooler()
    ask(server, "(uwsgi.spool(do='retry'), uwsgi.spool(do='fail'))")
    server.wait_for_log("is tried again in 1 s", count=4)
    server.wait_for_log("RuntimeError: this one fails")
    assert len(files(server)) == 2
    (server.folder / "enough").write_text("")
    wait_until(lambda: len(files(server)) == 1)


def test_a_task_waits_for_its_time(spooler):
    server = spooler("--spooler-frequency", "30")
    began = time.time()
    ask(server, "uwsgi.spool(name='later', at=int(time.time()) + 2)")
    server.wait_for_log("name', b'later'")
    assert 1 <= time.time() - began < 5


def test_tasks_that_wait_can_be_looked_at(spooler):
    server = spooler("--spooler-frequency", "30")
    path = ask(server, "uwsgi.spool(name='later', body=b'b', priority=3, at=int(time.time()) + 1000)").decode()
    assert ask(server, "uwsgi.spooler_jobs()") == [path]
    task = ask(server, "uwsgi.spooler_get_task(%r)" % path)
    assert (task[b"name"], task[b"priority"], task["body"]) == (b"later", b"3", b"b")
    assert ask(server, "uwsgi.spooler_get_task('app.py')") is None


def test_tasks_run_by_priority(spooler):
    server = spooler("--spooler-frequency", "30")
    ask(server, "[uwsgi.spool(name='p%d' % n, priority=n, at=int(time.time()) + 2) for n in (3, 10, 2)] + [uwsgi.spool(name='p99', at=int(time.time()) + 2)]")
    server.wait_for_log(r"task \[", count=4)
    assert re.findall(r"name', b'(p\d+)'", server.log) == ["p2", "p3", "p10", "p99"]


def test_several_processes_run_several_tasks_at_once_and_each_once(spooler):
    server = spooler("--spooler-processes", "3", "--spooler-quiet")
    ask(server, "[uwsgi.spool(name=str(n)) for n in range(60)]")
    wait_until(lambda: not files(server))
    names = re.findall(r"name', b'(\d+)'", server.log)
    assert sorted(names, key=int) == [str(n) for n in range(60)]
    assert "done with task" not in server.log


def test_a_task_that_takes_too_long_is_killed_and_stays(spooler):
    server = spooler("--spooler-harakiri", "1")
    ask(server, "uwsgi.spool(do='hang')")
    server.wait_for_log(r"spooler \(pid \d+\): its task is overdue: killed \(the task stays\)", 6)
    assert len(files(server)) == 1


def test_a_task_that_takes_too_long_does_not_outlive_a_reload(spooler):
    server = spooler("--spooler-harakiri", "6")
    ask(server, "uwsgi.spool(do='hang')")
    pid = server.wait_for_log(r"'hang'.* by (\d+)").group(1)
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload done")
    assert "overdue" not in server.log, "the reload was meant to be faster"
    server.wait_for_log(r"old spooler \(pid %s\) died: signal 9" % pid)
    assert len(files(server)) == 1


def test_a_process_is_replaced_after_its_tasks(spooler):
    server = spooler("--spooler-max-tasks", "2")
    ask(server, "[uwsgi.spool(name=str(n)) for n in range(5)]")
    wait_until(lambda: not files(server))
    assert len(set(re.findall(r"by (\d+)", server.log))) >= 2


def test_tasks_survive_the_server_and_those_of_uwsgi_are_understood(spooler, wsgi):
    server = wsgi(APP, "--spooler-external", "tasks")
    path = ask(server, "uwsgi.spool(name='for another one')").decode()
    time.sleep(0.3)
    assert os.path.exists(path)
    again = spooler(files={"tasks/7/uwsgi_spoolfile_on_box_1_2_3_4": ""})
    (again.folder / "tasks/uwsgi_spoolfile_on_box_0_0").write_bytes(open(path, "rb").read())
    again.wait_for_log("name', b'for another one'")
    again.wait_for_log("uwsgi_spoolfile_on_box_1_2_3_4 is no task: it is set aside as broken_uwsgi_spoolfile_on_box_1_2_3_4")
    assert len(files(again)) == 1


def test_several_spoolers_are_chosen_by_their_folder(spooler):
    server = spooler("--spooler", "others", "--spooler-chdir", "/tmp")
    ask(server, "uwsgi.spool(name='x', spooler='others')")
    server.wait_for_log(r"\('name', b'x'\), \('spooler', b'others'\)\] in /tmp")
    assert ask(server, "len(uwsgi.spooler_pids())") == 2


def test_tasks_come_from_other_servers(spooler):
    server = spooler("--socket", "127.0.0.1:0")
    block = b"".join(struct.pack("<H", len(text)) + text for text in (b"name", b"remote"))
    with server.connect("uwsgi") as sock:
        sock.sendall(struct.pack("<BHB", 17, len(block), 0) + block)
        assert read_all(sock) == b"\xff\x00\x00\x01"
    server.wait_for_log("name', b'remote'")


@pytest.mark.parametrize("lazy", [(), ("--lazy-apps",)])
def test_the_decorator_spools_calls(wsgi, lazy):
    source = APP.replace("uwsgi.spooler = work", """
@spool
def job(args):
    print("job %r" % args["n"], flush=True)

@spool(pass_arguments=True)
def call(a, b=0):
    print("call %r" % (a + b), flush=True)
""")
    server = wsgi(source, "--spooler", "tasks", *lazy)
    ask(server, "(job.spool(n='1'), call.spool(40, b=2))")
    server.wait_for_log("job (b'1'|'1')")
    server.wait_for_log("call 42")


def test_signals_reach_the_spooler(wsgi):
    source = APP + """
uwsgi.register_signal(4, "spooler", lambda number: print("signal %d in %d" % (number, os.getpid()), flush=True))
"""
    server = wsgi(source, "--spooler", "tasks")
    pid = ask(server, "uwsgi.spooler_pid()")
    ask(server, "uwsgi.signal(4)")
    server.wait_for_log("signal 4 in %d" % wait_until(lambda: ask(server, "uwsgi.spooler_pid()")))
    assert pid >= 0


def test_a_folder_that_cannot_be_used_ends_the_start(tmp_path):
    done = run(tmp_path, "--spooler", "/nonexistent/x", "--socket", "127.0.0.1:0", "--no-need-app")
    assert done.returncode != 0
    assert "spooler /nonexistent/x: make the folder: No such file or directory" in done.stdout
