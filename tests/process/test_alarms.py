"""Alarms: raised by any process, dealt with by one."""

import os
import re
import signal
import subprocess

import pytest

from mortise import BINARY, BUILD, clean_environment, run, text_of, wait_for_text, wait_until

INSTRUMENTS = BUILD / "fixtures/instruments_plugin.so"


@pytest.fixture
def alarms(mortise):
    """A server with an alarm `told` of the given kind."""

    def start(kind, *args, **kwargs):
        return mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--alarm", "told " + kind, *args, **kwargs)

    return start


def test_the_function_runs_in_the_process_of_the_alarms(alarms):
    server = alarms("fixture:out", "--processes", "2")
    server.get("/alarm?one")
    wait_for_text(server.folder / "out", "told 7 pid %s: one" % server.wait_for_log(r"alarms \(pid (\d+)\) started").group(1))


def test_a_command_has_the_message_as_its_input(alarms):
    server = alarms("cmd:cat >> out; echo \" $MARK\" >> out", "--env", "MARK=orchard")
    server.get("/alarm?fire")
    wait_for_text(server.folder / "out", "fire orchard\n")
    server.get("/alarm?water")
    wait_for_text(server.folder / "out", "water orchard\n")


def test_a_slow_command_holds_up_nothing(alarms):
    server = alarms("cmd:cat >> out; sleep 5", "--alarm-freq", "0")
    for number in range(5):
        server.get("/alarm?%d" % number)
    wait_for_text(server.folder / "out", "4")


def test_the_log_gets_alarms(alarms):
    server = alarms("log:beware of")
    server.get("/alarm?the-dog")
    server.wait_for_log(r"ALARM: beware of the-dog")


def test_a_repeated_message_is_suppressed_for_a_while(alarms):
    server = alarms("fixture:out", "--alarm-freq", "2")
    for _ in range(3):
        server.get("/alarm?same")
    server.get("/alarm?other")
    wait_for_text(server.folder / "out", "other")
    assert text_of(server.folder / "out").count("same") == 1
    wait_until(lambda: server.get("/alarm?other") and text_of(server.folder / "out").count("other") == 2, 10, "the same message later")


def test_messages_are_cut(alarms):
    server = alarms("cmd:cat > out", "--alarm-msg-size", "4")
    server.get("/alarm?123456789")
    wait_until(lambda: text_of(server.folder / "out") == "1234", what="the message")


def test_a_flood_blocks_nobody_and_losses_are_told(alarms):
    server = alarms("cmd:cat > /dev/null", "--processes", "1")
    server.get("/flood", timeout=10)
    server.wait_for_log(r"\[uwsgi-alarm\] \d+ alarms were lost: they came faster than they could be dealt with", 15)
    assert server.get("/get").status == 200


def test_a_user_signal_is_raised(mortise):
    source = """
import uwsgi
def handler(signum):
    print("signal %d came" % signum)
uwsgi.register_signal(17, "", handler)
def application(environ, start_response):
    start_response("200 OK", [])
    return []
"""
    server = mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--alarm", "told signal:17", "--enable-metrics",
                     "--metric", "name=x,initial_value=3", "--metric-alarm", "key=x,value=3,alarm=told", "--alarm-freq", "1", files={"app.py": source})
    server.wait_for_log("signal 17 came", count=2)


def test_a_descriptor_raises_alarms_until_its_end(tmp_path):
    read_end, write_end = os.pipe()
    arguments = ["--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--alarm", "told fixture:out", "--alarm", "also fixture:also"]
    with open(tmp_path / "server.log", "wb") as log:
        process = subprocess.Popen([BINARY, *arguments, "--alarm-fd", "told %d:4 from below" % read_end, "--alarm-freq", "0"],
                                   cwd=tmp_path, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   pass_fds=[read_end])
    os.close(read_end)
    try:
        os.write(write_end, b"abcdefgh")
        assert wait_for_text(tmp_path / "out", "from below", 2).count("from below") == 2
        os.close(write_end)
        wait_until(lambda: "descriptor %d: it has been closed (it is not watched any more)" % read_end in (tmp_path / "server.log").read_text(),
                   10, "the end of the descriptor")
    finally:
        process.terminate()
        assert process.wait(15) == 0


def test_a_worker_that_faults_says_so_with_its_stack(alarms):
    server = alarms("cmd:cat > out", "--alarm-segfault", "told")
    first = server.wait_for_log(r"worker 1 \(pid (\d+)\) started").group(1)
    with pytest.raises(OSError):
        server.get("/crash")
    wait_for_text(server.folder / "out", r"\*\*\* backtrace of %s \*\*\*" % first)
    assert "instruments_plugin.so" in text_of(server.folder / "out")
    server.wait_for_log(r"worker 1 \(pid %s\) died: signal 11" % first)
    wait_until(lambda: server.get("/get").status == 200)


def test_lines_of_the_log_raise_alarms(alarms):
    server = alarms("fixture:out", "--alarm", "also fixture:also", "--log-alarm", "told,also says (fire|water)",
                    "--not-log-alarm", "also says water", "--alarm-freq", "0")
    server.wait_for_log(r"alarms \(pid")
    server.get("/log?fire")
    server.get("/log?water")
    server.get("/log?nothing")
    wait_for_text(server.folder / "out", "says water")
    wait_for_text(server.folder / "also", "says fire")
    assert "says fire" in text_of(server.folder / "out") and "says water" not in text_of(server.folder / "also")
    assert "nothing" not in text_of(server.folder / "out")


def test_an_alarm_that_logs_does_not_raise_itself(alarms):
    server = alarms("log:seen", "--log-alarm", "told to-be-seen", "--alarm-freq", "0")
    server.get("/log?to-be-seen")
    server.wait_for_log("ALARM: seen .*the request says to-be-seen")
    server.get("/log?the-end")
    server.wait_for_log("says the-end")
    assert len(re.findall("ALARM: .*the request says to-be-seen", server.log)) == 1


def test_the_kinds_are_listed(alarms):
    server = alarms("log:x", "--alarm-list")
    server.wait_for_log("end of the kinds of alarms")
    listed = re.search(r"\*\*\* kinds of alarms \*\*\*\n(.*)--- end", re.sub(r"(?m)^\[[^]]*\] ", "", server.log), re.S).group(1).split()
    assert listed == ["cmd", "log", "mule", "signal", "fixture"]


@pytest.mark.parametrize("option, value, message", [
    ("alarm", "nameless", "alarm = nameless: there is no blank behind its name (write alarm = NAME KIND:ARGUMENT; alarm-list shows the kinds)"),
    ("alarm", "x pigeon:home", "alarm = x pigeon:home: there is no such kind of alarm"),
    ("alarm", "told log:again", "alarm = told log:again: the name is taken by another alarm"),
    ("alarm-fd", "told nowhere", "alarm-fd = told nowhere: there is no descriptor (write alarm-fd = ALARM FD[:BYTES] [MESSAGE])"),
    ("alarm-fd", "told 777", "alarm-fd = told 777: the descriptor is not open"),
    ("alarm-fd", "told 0:0", "alarm-fd = told 0:0: its number of bytes is out of range"),
    ("log-alarm", "told", "log-alarm = told: write log-alarm = ALARM[,ALARM…] PATTERN"),
    ("log-alarm", "(", "log-alarm = (: write log-alarm = ALARM[,ALARM…] PATTERN"),
    ("log-alarm", "told,tolled x", "log-alarm = told,tolled x: there is no alarm 'tolled' (add alarm = tolled KIND:ARGUMENT)"),
    ("not-log-alarm", "tolled x", "not-log-alarm = tolled x: there is no alarm 'tolled' (add alarm = tolled KIND:ARGUMENT)"),
])
def test_a_wrong_definition_ends_the_start(tmp_path, option, value, message):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--alarm", "told log:x", "--" + option, value)
    assert done.returncode == 1, done.stdout
    assert message in done.stdout


@pytest.mark.parametrize("value, message", [
    ("(", "log-alarm = (: write log-alarm = ALARM[,ALARM…] PATTERN"), ("told x", "log-alarm = told x: there is no alarm 'told' (add alarm = told KIND:ARGUMENT)"),
])
def test_a_rule_for_the_log_ends_the_start_where_there_are_no_alarms_at_all(tmp_path, value, message):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--log-alarm", value)
    assert done.returncode == 1 and message in done.stdout


def test_an_alarm_that_nobody_configured_is_named_once(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--alarm", "tolld log:x")
    server.get("/alarm?one")
    server.get("/alarm?two")
    server.wait_for_log(r"\[uwsgi-alarm\] alarm 'told' was raised, but nobody has configured it \(add alarm = told KIND:ARGUMENT\)")
    assert server.log.count("nobody has configured it") == 1


def test_alarms_wait_for_a_process_that_died(alarms):
    server = alarms("fixture:out")
    pid = int(server.wait_for_log(r"alarms \(pid (\d+)\) started").group(1))
    server.get("/alarm?before")
    wait_for_text(server.folder / "out", "before")  # one that died before it was ready would end the start
    os.kill(pid, signal.SIGKILL)
    server.get("/alarm?meanwhile")
    wait_for_text(server.folder / "out", "meanwhile")


def test_what_is_raised_at_the_end_is_not_lost(alarms):
    server = alarms("fixture:out")
    server.wait_for_log(r"alarms \(pid")
    for number in range(50):
        server.get("/alarm?number-%d-" % number)
    server.stop()
    assert all("number-%d-" % number in text_of(server.folder / "out") for number in range(50))


def test_an_alarm_that_cannot_work_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--need-app=false", "--plugin", BUILD / "fixtures/exiting_alarm_plugin.so", "--alarm", "told exiting:")
    assert done.returncode == 7
    assert done.stdout.count("alarm told: no way to work") == 1
    assert re.search(r"error: the server cannot start: alarms \(pid \d+\) ended: exit status 7 \(see the messages above\)", done.stdout)
