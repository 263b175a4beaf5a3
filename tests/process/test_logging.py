"""Loggers, encoders and routes, as users configure them: a real server, real files, sockets and commands."""

import gzip
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import zlib

import pytest

from mortise import BINARY, ROOT, Mortise, text_of, wait_for_text, wait_until

APP = """
import logging, os, sys
def application(env, start_response):
    path = env['PATH_INFO']
    if path == '/print':
        print('from stdout', flush=True)
        print('from stderr', file=sys.stderr)
    if path == '/traceback':
        try:
            1 / 0
        except ZeroDivisionError:
            logging.exception('oops')
    if path == '/flood':
        for i in range(2000):
            print('flood %d' % i, file=sys.stderr)
    if path == '/long':
        os.write(2, b'x' * 300000 + b'\\n')
    if path == '/reopen':
        with open('/dev/stderr', 'w') as stream:
            stream.write('through /dev/stderr\\n')
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'hello']
"""


def logger_pid(server):
    text = text_of(server.folder / "a.log") + server.log
    return int(re.findall(r"logger \(pid (\d+)\) started", text)[-1])


class Datagrams:
    """A receiver of datagrams over UDP, or at a path."""

    def __init__(self, path=None):
        self.sock = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(str(path) if path else ("127.0.0.1", 0))
        self.sock.settimeout(10)
        self.address = str(path) if path else "127.0.0.1:%d" % self.sock.getsockname()[1]

    def wait_for(self, pattern):
        while True:
            text = self.sock.recv(65536).decode(errors="replace")
            if re.search(pattern, text):
                return text


def test_what_all_processes_write_arrives_in_the_file_of_a_logger(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--workers", "2")
    server.get("/print")
    text = wait_for_text(server.folder / "a.log", r"GET /print")
    assert "from stdout\n" in text and "from stderr\n" in text
    assert "from stderr" not in server.log
    server.stop()
    end = text_of(server.folder / "a.log")
    assert end.endswith("mortise stopped\n")
    assert len(re.findall(r"worker \d \(pid \d+\) stopped", end)) == 2


def test_a_write_is_one_line_to_encoders_however_many_lines_it_has(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--log-encoder", 'json {"at":${unix},"msg":"${msg}"}', "--log-encoder", "nl")
    server.get("/traceback")
    wait_for_text(server.folder / "a.log", "GET /traceback")
    records = [json.loads(line) for line in text_of(server.folder / "a.log").splitlines()]
    trace = [record["msg"] for record in records if "ZeroDivisionError" in record["msg"]]
    assert len(trace) == 1 and trace[0].startswith("ERROR:root:oops\nTraceback")


def test_the_encoders_of_the_manual_work_in_an_ini_file(wsgi):
    manual = (ROOT / "docs/logging.md").read_text()
    lines = re.search(r"```ini\n((?:;.*\n)?log-encoder = json (?:.*\n)*?)```", manual)[1]
    server = wsgi(APP, "--ini", "log.ini", files={"log.ini": "[uwsgi]\nlogger = file:a.log\n" + lines})
    wait_for_text(server.folder / "a.log", r"worker 1 .*\n")
    line = json.loads(text_of(server.folder / "a.log").splitlines()[0])
    assert set(line) == {"time", "msg"} and "worker 1 " in line["msg"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", line["time"])


def test_a_long_write_arrives_whole(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--log-encoder", "prefix <", "--log-encoder", "suffix >")
    server.get("/long")
    text = wait_for_text(server.folder / "a.log", "GET /long")
    assert "<" + "x" * 300000 + "\n>" in text


def test_an_application_may_open_dev_stderr(wsgi):
    server = wsgi(APP, "--logger", "file:a.log")
    assert server.get("/reopen").status == 200
    wait_for_text(server.folder / "a.log", "through /dev/stderr")


def test_a_burst_of_lines_is_not_lost(wsgi):
    server = wsgi(APP, "--logger", "file:a.log")
    server.get("/flood")
    text = wait_for_text(server.folder / "a.log", "GET /flood")
    assert [int(n) for n in re.findall(r"^flood (\d+)$", text, re.M)] == list(range(2000))


def test_named_loggers_get_what_is_routed_to_them(wsgi):
    server = wsgi(APP, "--logger", "errors file:errors.log", "--logger", "file:a.log", "--log-route", "errors from std(err|out)")
    server.get("/print")
    wait_for_text(server.folder / "errors.log", "from stderr")
    text = wait_for_text(server.folder / "a.log", "GET /print")
    assert "from std" not in text
    assert "GET" not in text_of(server.folder / "errors.log")


def test_drained_lines_vanish_and_a_filter_keeps_only_what_matches(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--log-drain", "from stdout", "--log-filter", "from std|GET")
    server.get("/print")
    text = wait_for_text(server.folder / "a.log", "GET /print")
    assert "from stdout" not in text and "from stderr" in text and "worker" not in text


def test_request_lines_have_loggers_encoders_and_routes_of_their_own(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--req-logger", "file:requests.log", "--req-logger", "prints file:prints.log",
                  "--log-req-route", "prints /print", "--log-req-encoder", "prefix R ", "--log-req-encoder", "prefix:prints P ")
    server.get("/")
    server.get("/print")
    assert wait_for_text(server.folder / "requests.log", "GET / ").startswith("R [pid: ")
    assert wait_for_text(server.folder / "prints.log", "GET /print ").startswith("P R [pid: ")
    wait_for_text(server.folder / "a.log", "from stderr")
    assert "GET" not in text_of(server.folder / "a.log")
    assert "/print" not in text_of(server.folder / "requests.log")


@pytest.mark.parametrize("encoder, decode", [("gzip", gzip.decompress), ("compress", zlib.decompress)])
def test_lines_can_be_compressed(wsgi, encoder, decode):
    # With a filter, so that the file has one line.
    server = wsgi(APP, "--logger", "file:a.log", "--log-filter", "from stderr", "--log-encoder", encoder)
    server.get("/print")
    path = server.folder / "a.log"
    wait_until(lambda: path.exists() and path.stat().st_size)
    assert decode(path.read_bytes()) == b"from stderr\n"


def test_datagrams_over_udp_and_unix_sockets(wsgi, tmp_path):
    udp, unix, remote = Datagrams(), Datagrams(tmp_path / "log.sock"), Datagrams()
    server = wsgi(APP, "--logger", "socket:" + udp.address, "--logger", "socket:" + unix.address,
                  "--logger", "rsyslog:%s,webhost web,13" % remote.address)
    server.get("/print")
    assert udp.wait_for("from stderr") == "from stderr\n"
    assert unix.wait_for("from stderr") == "from stderr\n"
    assert re.fullmatch(r"<13>\w{3} [ \d]\d \d\d:\d\d:\d\d webhost web: from stderr", remote.wait_for("from stderr"))


def test_logto_with_an_address_sends_datagrams(wsgi):
    udp = Datagrams()
    server = wsgi(APP, "--logto", udp.address)
    server.get("/print")
    udp.wait_for("from stderr")


def test_a_command_reads_the_log_and_is_started_again(wsgi):
    server = wsgi(APP, "--logger", "pipe:echo run >> runs; exec cat >> piped.log")
    server.get("/print")
    wait_for_text(server.folder / "piped.log", "from stderr")


def test_lines_are_published_in_redis(wsgi):
    listener = socket.create_server(("127.0.0.1", 0))
    received = []

    def serve():
        connection, _ = listener.accept()
        while data := connection.recv(65536):
            received.append(data)
            connection.sendall(b":1\r\n")

    threading.Thread(target=serve, daemon=True).start()
    server = wsgi(APP, "--logger", "redislog:127.0.0.1:%d,rpush mylog,app " % listener.getsockname()[1])
    server.get("/print")
    wait_until(lambda: b"*3\r\n$5\r\nrpush\r\n$5\r\nmylog\r\n$16\r\napp from stderr\n\r\n" in b"".join(received))


def test_logto_alone_is_the_standard_error_of_all_processes(wsgi):
    # The file where the fixture looks for the log anyway.
    server = wsgi(APP, "--logto", "server.log", "--logfile-chmod", "604")
    server.get("/print")
    wait_for_text(server.log_path, "from stdout")
    assert server.log_path.stat().st_mode & 0o777 == 0o604
    assert "logger" not in server.log, "no process is needed for this"


def test_logto_is_rotated_by_size(wsgi):
    server = wsgi(APP, "--logto", "b.log", "--log-maxsize", "20000", "--log-backupname", "old.log")
    while not (server.folder / "old.log").exists():
        assert server.get("/" + "x" * 500).status == 200
    assert (server.folder / "old.log").stat().st_size > 20000


def test_log_truncate_empties_the_file_at_the_start_and_not_by_a_reload(wsgi, tmp_path):
    path = tmp_path / "t.log"
    path.write_text("from yesterday\n")
    server = wsgi(APP, "--logto", path, "--log-truncate", "--log-master")
    server.get("/before")
    assert "yesterday" not in wait_for_text(path, "GET /before")
    server.signal(signal.SIGHUP)
    wait_for_text(path, "reload done")
    server.get("/after")
    assert "GET /before" in wait_for_text(path, "GET /after")


def test_a_killed_logger_is_started_again_and_what_is_written_meanwhile_is_not_lost(wsgi):
    server = wsgi(APP, "--logger", "file:a.log")
    path = server.folder / "a.log"
    wait_for_text(path, r"logger \(pid \d+\) started")
    server.get("/first")
    wait_for_text(path, "GET /first ")
    for turn in range(3):
        os.kill(logger_pid(server), signal.SIGKILL)
        for i in range(20):
            assert server.get("/?%d-%d" % (turn, i)).status == 200
        wait_for_text(path, r"logger \(pid \d+\) started", turn + 2)
        wait_for_text(path, r"GET /\?%d-19 " % turn)
    assert len(re.findall(r"GET /\?\d+-\d+ ", text_of(path))) == 60


def test_serving_goes_on_while_the_logger_is_stopped_and_the_loss_is_told(wsgi):
    server = wsgi(APP, "--logger", "file:a.log", "--log-format", "request %(uri)")
    wait_for_text(server.folder / "a.log", r"logger \(pid \d+\) started")
    pid = logger_pid(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        for i in range(600):
            assert server.get("/%d" % i, timeout=5).status == 200
    finally:
        os.kill(pid, signal.SIGCONT)
    path = server.folder / "a.log"

    def accounted():
        lost = sum(int(n) for n in re.findall(r"log: (\d+) lines were lost: the log's pipe was full", text_of(path)))
        return lost and lost + len(re.findall(r"^request /", text_of(path), re.M)) == 600

    wait_until(accounted, what=lambda: text_of(path)[-2000:])


def test_a_full_disk_costs_lines_and_no_requests(wsgi):
    server = wsgi(APP, "--logger", "file:/dev/full", "--logger", "file:a.log")
    for i in range(20):
        assert server.get("/%d" % i).status == 200
    wait_for_text(server.folder / "a.log", "GET /19 ")


def test_a_loss_is_told_when_the_disk_takes_lines_again(wsgi, tmp_path):
    target = tmp_path / "log"
    target.symlink_to("/dev/full")
    touch = tmp_path / "touch"
    server = wsgi(APP, "--logger", "file:%s" % target, "--touch-logreopen", touch, "--logger", "file:a.log")
    server.get("/1")
    wait_for_text(server.folder / "a.log", "GET /1 ")
    target.unlink()
    touch.write_text("")
    wait_until(target.exists, what="the file is opened anew")
    server.get("/2")
    text = wait_for_text(target, r"log: \d+ lines were lost: No space left on device \(the log is written again\)")
    assert "GET /2" in text


def test_lines_that_a_full_disk_did_not_take_are_counted_all_and_told_on_a_line_of_their_own(wsgi):
    server = wsgi(APP, "--logto", "server.log")
    path = server.folder / "server.log"
    assert server.get("/before").status == 200
    worker = int(re.search(r"\[pid: (\d+)\|", wait_for_text(path, "GET /before .*\n")).group(1))
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE, (path.stat().st_size + 20, resource.RLIM_INFINITY))
    for _ in range(5):
        assert server.get("/lost").status == 200
    resource.prlimit(worker, resource.RLIMIT_FSIZE, before)
    assert server.get("/after").status == 200
    text = wait_for_text(path, "GET /after .*\n")
    # A request is logged when it is answered: the last line may come after the disk has room again.
    lost = int(re.search(r"^log: (\d+) lines were lost: nothing took them \(the log is written again\)$", text, re.M).group(1))
    assert lost >= 4
    assert lost + len(re.findall(r"GET /lost => .*\n", text)) == 5


def test_standard_error_that_nobody_reads_any_more_costs_lines_and_no_requests(wsgi, tmp_path):
    server = wsgi(APP, "--log-master", "--logger", "pipe:exec true")
    for i in range(20):
        assert server.get("/%d" % i).status == 200


def test_files_are_rotated_at_a_size_and_by_touch(wsgi, tmp_path):
    touch = tmp_path / "rotate"
    server = wsgi(APP, "--logger", "file:logfile=a.log,backupname=old.log,maxsize=20000", "--touch-logrotate", touch)
    while not (server.folder / "old.log").exists():
        assert server.get("/" + "x" * 500).status == 200
    assert (server.folder / "old.log").stat().st_size > 20000
    (server.folder / "old.log").unlink()
    touch.write_text("")
    wait_until((server.folder / "old.log").exists, what="the rotated file")
    server.get("/after")
    wait_for_text(server.folder / "a.log", "GET /after ")


def test_commands_of_the_master_fifo_open_files_anew_and_rotate_them(wsgi):
    server = wsgi(APP, "--logto", "b.log", "--master-fifo", "fifo", "--log-backupname", "old.log")
    path = server.folder / "b.log"
    server.get("/1")
    wait_for_text(path, "GET /1 ")
    path.rename(server.folder / "moved.log")
    (server.folder / "fifo").write_text("l")
    wait_until(path.exists)
    server.get("/2")
    wait_for_text(path, "GET /2 ")
    (server.folder / "fifo").write_text("L")
    wait_until((server.folder / "old.log").exists)


def test_the_log_goes_on_over_a_reload(wsgi):
    server = wsgi(APP, "--logger", "file:a.log")
    for generation in range(1, 4):
        server.signal(signal.SIGHUP)
        wait_until(lambda: len(re.findall(r"reload done", text_of(server.folder / "a.log") + server.log)) == generation)  # noqa: B023
        server.get("/print?%d" % generation)
        wait_for_text(server.folder / "a.log", r"GET /print\?%d " % generation)
    wait_for_text(server.folder / "a.log", "^from stderr$", 3)
    server.stop()
    assert text_of(server.folder / "a.log").endswith("mortise stopped\n")


def test_a_trial_that_fails_writes_to_the_log_of_the_server(wsgi):
    server = wsgi(APP, "--logger", "file:a.log")
    server.get("/")
    (server.folder / "app.py").write_text("raise RuntimeError('broken on purpose')\n")
    server.signal(signal.SIGHUP)
    wait_for_text(server.folder / "a.log", "broken on purpose")
    wait_for_text(server.folder / "a.log", "reload failed")
    assert server.get("/").status == 200


def test_programs_that_the_application_starts_get_no_descriptor_of_the_log(wsgi):
    server = wsgi(
        """
import os, subprocess
def application(env, start_response):
    start_response('200 OK', [])
    return [subprocess.run('ls -l /proc/self/fd', shell=True, close_fds=False, stdout=subprocess.PIPE).stdout]
""", "--logger", "file:a.log", "--req-logger", "file:b.log")
    server.signal(signal.SIGHUP)
    wait_until(lambda: "reload done" in text_of(server.folder / "a.log") + server.log)
    links = [line.split(" ", 8)[-1] for line in server.get("/").text.splitlines() if "->" in line]
    assert not [line for line in links if not re.search(r" [012] -> | 3 -> /proc", " " + line)], links


@pytest.mark.parametrize("option, message", [
    ("--logger=nowhere:x", r"logger 'nowhere:x': there is no logger 'nowhere' \(there are: file, fd, stdio, stdout, socket, rsyslog, syslog, pipe, redislog\)"),
    ("--log-encoder=rot13", r"log encoder 'rot13': there is no encoder 'rot13' \(there are: "),
    ("--log-route=absent .*", r"log route 'absent \.\*': it must be the id of a logger and a pattern \(ids: none; logger = ID name:arg\)"),
])
def test_what_cannot_be_is_refused_at_the_start(mortise, tmp_path, option, message):
    with pytest.raises(AssertionError, match=message):
        mortise("--http-socket", "127.0.0.1:0", "--no-need-app", option)


@pytest.mark.skipif(os.geteuid() != 0, reason="privileges are dropped by root alone")
@pytest.mark.parametrize("options, was_there", [
    (["--logto", "FOLDER/app.log"], False),
    (["--logto", "FOLDER/app.log"], True),
    (["--logto", "FOLDER/app.log", "--log-master"], False),
    (["--logger", "file:FOLDER/app.log"], False),
])
def test_a_log_in_a_folder_of_root_goes_on_after_a_reload_as_another_user(options, was_there):
    folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))  # who is not root cannot reach tmp_path
    server = None
    try:
        folder.chmod(0o755)
        log = folder / "app.log"
        if was_there:
            log.touch(mode=0o640)
        (folder / "app.py").write_text(
            "def application(environ, start_response):\n    start_response('200 OK', [])\n    return []\n")
        args = [option.replace("FOLDER", str(folder)) for option in options]
        server = Mortise(folder, "--http-socket", "127.0.0.1:0", "--uid", "65534", "--gid", "65534", "-w", "app", *args, start=False)
        with open(folder / "early.log", "wb") as early:
            server.process = subprocess.Popen([BINARY, *server.args], cwd=folder, env=server.env, stdin=subprocess.DEVNULL,
                                              stdout=early, stderr=early, start_new_session=True)
        server.log_path = log
        wait_until(lambda: log.exists() and "loaded in" in server.log, what="the log")
        told = (folder / "early.log").read_text() + server.log
        host, port = re.search(r"listening on http://([\d.]+):(\d+)", told).groups()
        server.signal(signal.SIGHUP)
        server.wait_for_log(r"old worker 1 \(pid \d+\) stopped")
        client = http.client.HTTPConnection(host, int(port), timeout=10)
        client.request("GET", "/after")
        client.getresponse().read()
        client.close()
        server.wait_for_log("GET /after")
        assert "reload done: 1 workers replaced" in server.log
        assert "lines were lost" not in server.log
        assert log.stat().st_uid == (0 if was_there else 65534)
        assert ("the log goes on in the file that is open" in server.log) == was_there
        server.stop()
    finally:
        if server:
            server.kill()
        shutil.rmtree(folder)
