"""What the log gets of a process that crashes, and how the process ends."""

import os
import re
import signal

import pytest
from mortise import BUILD, SANITIZED, children, run, wait_until, write

pytestmark = pytest.mark.skipif(SANITIZED, reason="sanitizers have handlers of their own, which stay")

PLUGIN = BUILD / "fixtures/crashing_hooks_plugin.so"


def crash(server, path):
    try:
        server.get(path)
    except OSError:
        pass


def first_child(server):
    return children(server.process.pid)[0]


def fixture_server(mortise, *arguments, **more):
    server = mortise("--http-socket", "127.0.0.1:0", "--plugin", PLUGIN, *arguments, **more)
    wait_until(lambda: server.get().status == 200)
    return server


@pytest.mark.parametrize(
    "path,signame,cause",
    [
        ("/null", "SEGV", " at address 0x0"),
        ("/call", "SEGV", " at address 0x0"),
        ("/overflow", "SEGV", " at address 0x[0-9a-f]+"),
        ("/abort", "ABRT", ""),
        ("/divide", "FPE", " at address 0x[0-9a-f]+"),
    ],
)
@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_crash_in_a_request_names_it_its_plugin_and_its_stack_and_the_worker_dies_of_the_signal(mortise, path, signame, cause, threads):
    server = fixture_server(mortise, "--threads", threads)
    crash(server, path + "?q")
    number = int(getattr(signal, "SIG" + signame))
    pid = server.wait_for_log(r"worker 1 \(pid (\d+)\) died: signal %d" % number).group(1)
    assert re.search(r"error: worker 1 \(pid %s\) crashed: SIG%s%s\n" % (pid, signame, cause), server.log)
    assert re.search(r"  it served GET %s\?q from 127.0.0.1 on core \d\n" % path, server.log)
    assert "plugin crashing_hooks" in server.log
    if path != "/overflow":  # its innermost frames are told
        assert "  in plugin crashing_hooks, hook request\n" in server.log
    assert re.search(r"  C stack:\n(.*\n){0,9}?.*/crashing_hooks_plugin.so\(", server.log)
    assert server.log.count("crashed:") == 1
    wait_until(lambda: server.get().status == 200)


def test_stacks_that_overflow_in_the_threads_of_cores_are_told(mortise):
    server = fixture_server(mortise, "--threads", "4")
    for count in range(1, 5):  # whichever core serves it
        crash(server, "/overflow")
        server.wait_for_log(r"died: signal 11", count=count)
        assert server.log.count("crashed: SIGSEGV") == count
        wait_until(lambda: server.get().status == 200)


IN_POST_FORK = r"error: %s \(pid \d+\) crashed: SIGSEGV at address 0x0\n  in plugin crashing_hooks, hook post_fork\n  C stack:\n"


def reports(log):
    """What handlers of crashes wrote: a line that the master logs meanwhile, which has a time, may stand between theirs."""
    return re.sub(r"^\[.*\n", "", log, flags=re.MULTILINE)


def test_a_crash_in_post_fork_names_the_hook(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", PLUGIN, env={"CRASH_IN": "worker"})
    assert re.search(IN_POST_FORK % "worker 1", reports(done.stdout))
    assert "no worker could load the application" in done.stdout and done.returncode == 1


def test_a_mule_that_crashes_in_post_fork_names_the_hook(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--plugin", PLUGIN, "--mule", env={"CRASH_IN": "mule"})
    server.wait_for_log(r"mule.* \(pid \d+\) died: signal 11")
    assert re.search(IN_POST_FORK % "mule 1", reports(server.log))
    assert server.get().status == 200


def test_a_process_that_an_application_forks_is_told_apart(mortise):
    server = fixture_server(mortise)
    crash(server, "/fork")
    server.wait_for_log(r"error: a process that was forked by worker 1 \(pid \d+\) crashed: SIGSEGV")


def test_a_signal_that_somebody_sent_says_who(mortise):
    server = fixture_server(mortise)
    os.kill(first_child(server), signal.SIGBUS)
    server.wait_for_log(r"error: worker 1 \(pid \d+\) crashed: SIGBUS sent by process %d\n" % os.getpid())
    server.wait_for_log(r"died: signal 7")


def test_a_handler_of_a_plugin_stays(mortise):
    server = fixture_server(mortise)
    crash(server, "/own")
    server.wait_for_log("the plugin's own handler\n")
    server.wait_for_log("ended: exit status 7")
    assert "crashed:" not in server.log


def test_no_crash_report_says_nothing(mortise):
    server = fixture_server(mortise, "--no-crash-report")
    crash(server, "/null")
    server.wait_for_log("died: signal 11")
    assert "crashed:" not in server.log


APP = """
import ctypes, faulthandler
def wrong_access():
    ctypes.string_at(0)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/chain": faulthandler.enable()
    if environ["PATH_INFO"] != "/": wrong_access()
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""


def test_the_stack_of_python_is_told(wsgi):
    server = wsgi(APP)
    server.get()
    crash(server, "/crash")
    server.wait_for_log("died: signal 11")
    assert "  it served GET /crash from 127.0.0.1 on core 0\n  in plugin python, hook request\n" in reports(server.log)
    assert re.search(r'most recent call first\):\n(.*\n)*  File "[^"]*app.py", line 4 in wrong_access\n  File "[^"]*app.py", line 7 in application\n', server.log)


def test_faulthandler_of_the_application_reports_first(wsgi):
    server = wsgi(APP)
    server.get()
    crash(server, "/chain")
    server.wait_for_log("died: signal 11")
    assert server.log.index("Fatal Python error: Segmentation fault") < server.log.index("crashed: SIGSEGV")


def test_a_crash_while_the_application_is_loaded_tells_the_line(tmp_path):
    write(tmp_path, "app.py", "import ctypes\n\nctypes.string_at(0)\n")
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py")
    assert "crashed: SIGSEGV at address 0x0\n" in done.stdout
    assert re.search(r'app.py", line 3 in <module>\n', done.stdout)
