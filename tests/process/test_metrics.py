"""Metrics: counted by workers, collected once a second, written to files, watched by thresholds."""

import os
import pathlib
import signal
import socket
import time

import pytest

from mortise import BUILD, run, wait_for_text, wait_until

INSTRUMENTS = BUILD / "fixtures/instruments_plugin.so"


@pytest.fixture
def metrics(mortise):
    """A server whose requests count, with each metric's value in the folder `values`."""

    def start(*args, files=None):
        files = {"values/.keep": "", **(files or {})}
        return mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--metrics-dir", "values", *args, files=files)

    return start


def value(server, name):
    """None until the first one stands in its file, which is empty when it is made."""
    path = server.folder / "values" / name
    line, end, _ = path.read_bytes().partition(b"\n") if path.exists() else (b"", b"", b"")
    return int(line) if end else None


def wait_for_value(server, name, wanted, seconds=10):
    wait_until(lambda: value(server, name) == wanted, seconds, lambda: "%s is %s, wanted %s\n%s" % (name, value(server, name), wanted, server.log))


def test_workers_count_together(metrics):
    server = metrics("--metric", "visits", "--processes", "3")
    for _ in range(30):
        assert server.get("/inc").text == "0"
    assert server.get("/get").text == "30"
    wait_for_value(server, "visits", 30)


def test_a_metric_that_is_collected_cannot_be_set(metrics):
    server = metrics("--metric", "visits")
    assert server.get("/inc-collected").text == "-1"


def test_an_unknown_metric_cannot_be_set_and_is_zero(metrics):
    server = metrics()
    assert server.get("/inc").text == "-1"
    assert server.get("/get").text == "0"


def test_plugins_have_metrics_and_collectors_of_their_own(metrics):
    server = metrics("--metric", "name=twice,collector=doubled,arg1n=21,type=gauge")
    wait_for_value(server, "fixture.answer", 42)
    wait_for_value(server, "twice", 42)
    assert server.get("/by-oid").text == "42"


def test_the_server_s_own_metrics(metrics):
    server = metrics("--processes", "2", "--threads", "2", "--memory-report")
    for _ in range(5):
        server.get("/")
    wait_for_value(server, "worker.0.requests", 5)
    names = {path.name for path in (server.folder / "values").iterdir()}
    assert {"core.busy_workers", "core.total_tx", "core.avg_response_time", "socket.0.listen_queue", "rss_size",
            "worker.2.core.1.requests", "worker.1.respawns"} <= names
    wait_for_value(server, "core.idle_workers", 2)
    assert sum(value(server, "worker.%d.requests" % wid) for wid in (1, 2)) == 5
    assert sum(value(server, "worker.%d.core.%d.requests" % (wid, core)) for wid in (1, 2) for core in (0, 1)) == 5
    assert value(server, "core.total_tx") > 5 * 40
    assert value(server, "rss_size") == value(server, "worker.1.rss_size") + value(server, "worker.2.rss_size") > 1 << 20
    assert value(server, "vsz_size") > value(server, "rss_size")


def test_busy_workers_are_counted_while_they_are(metrics):
    server = metrics("--processes", "2", "--metrics-no-cores")
    assert not (server.folder / "values/worker.1.core.0.requests").exists()
    with server.connect() as sock:
        sock.sendall(b"GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for_value(server, "core.busy_workers", 1, 3)
        sock.recv(100)
    wait_for_value(server, "core.busy_workers", 0, 3)


def test_values_are_computed_of_others(metrics):
    server = metrics(
        "--metric", "name=a,initial_value=4", "--metric", "name=b,initial_value=6",
        *(word for kind in ("sum", "avg") for word in ("--metric", "name=%s,collector=%s,children=a;b" % (kind, kind))),
        "--metric", "name=plus,collector=adder,children=a;b,arg1n=100",
        "--metric", "name=times,collector=multiplier,children=a;b,arg1n=3",
        "--metric", "name=grows,collector=accumulator,children=a",
        "--metric", "name=other,alias=a", "--metric", "name=read,collector=file,arg1=numbers,arg1n=2",
        files={"numbers": "1 2\n17 4\n"})
    for name, wanted in (("sum", 10), ("avg", 5), ("plus", 110), ("times", 30), ("other", 4), ("read", 17)):
        wait_for_value(server, name, wanted)
    first = value(server, "grows")
    wait_until(lambda: value(server, "grows") >= first + 8, 10, "the accumulator to grow")
    assert value(server, "grows") % 4 == 0


def test_values_survive_a_restart_where_that_is_wanted(mortise, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()

    def start(*args):
        return mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--metrics-dir", folder, "--metric", "visits", *args)

    server = start()
    server.get("/inc")
    server.get("/inc")
    for name in ("visits", "worker.0.requests"):
        wait_until(lambda: (folder / name).read_bytes().startswith(b"2\n"), 10, "the value in the file")  # noqa: B023
    server.stop()
    server = start("--metrics-dir-restore")
    assert server.get("/get").text == "2"
    wait_until(lambda: (folder / "worker.0.requests").read_bytes().startswith(b"3\n"), 10, "a counter that goes on")
    server.stop()
    assert start().get("/get").text == "0"


def test_a_threshold_raises_its_alarm_and_resets(metrics):
    server = metrics("--metric", "visits", "--alarm", "told fixture:told.txt",
                     "--metric-alarm", "key=visits,value=3,alarm=told,reset=1,msg=many visits")
    for _ in range(2):
        server.get("/inc")
    time.sleep(1.2)
    told = server.folder / "told.txt"
    assert not told.exists()
    server.get("/inc")
    assert "told 7" in wait_for_text(told, "many visits")
    wait_for_value(server, "visits", 1)


@pytest.mark.parametrize("option, text, message", [
    ("metric", "name=x,color=red", "metric = name=x,color=red: it has an unknown key"),
    ("metric", "name=a b", "metric = name=a b: it needs a name of letters, digits and .-_"),
    ("metric", "name=x,type=big", "metric = name=x,type=big: unknown type big: counter, gauge, absolute or alias"),
    ("metric", "name=x,collector=magic", "metric = name=x,collector=magic: no collector magic"),
    ("metric", "name=x,initial_value=many", "metric = name=x,initial_value=many: initial_value is no number: many"),
    ("metric", "name=x,alias=nobody", "metric = name=x,alias=nobody: there is no metric nobody"),
    ("metric-threshold", "value=1", "metric-threshold = value=1: it needs a key, which is a metric's name, and a value"),
    ("metric-threshold", "key=nobody,value=1", "metric-threshold = key=nobody,value=1: there is no metric nobody"),
    ("metrics-dir", "/nowhere", "metrics-dir: /nowhere/"),
])
def test_a_wrong_definition_ends_the_start(tmp_path, option, text, message):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--" + option, text)
    assert done.returncode == 1
    assert message in done.stdout


def fill(path, count):
    """Connections that nobody accepts."""
    clients = []
    for _ in range(count):
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        client.connect(path)
        clients.append(client)
    return clients


def test_full_listen_queues_are_measured_and_told(metrics):
    server = metrics("--uwsgi-socket", "u.sock", "--listen", "8", "--alarm", "told fixture:told.txt", "--alarm-backlog", "told")
    worker = int(server.wait_for_log(r"worker 1 \(pid (\d+)\)").group(1))
    os.kill(worker, signal.SIGSTOP)
    clients = []
    try:
        clients = fill(str(server.folder / "u.sock"), 9)
        wait_until(lambda: (value(server, "socket.1.listen_queue") or 0) >= 8, what="the queue to be measured")
        wait_for_text(server.folder / "told.txt", 'listen queue of socket "u.sock"')
        assert "full !!! (" in server.log
        for _ in range(4):
            tcp = socket.socket()
            tcp.setblocking(False)
            tcp.connect_ex(server.address())
            clients.append(tcp)
        wait_until(lambda: value(server, "socket.0.listen_queue") == 4, what="the TCP queue to be measured")
    finally:
        os.kill(worker, signal.SIGCONT)
        for client in clients:
            client.close()
    wait_for_value(server, "socket.1.listen_queue", 0)


def test_the_process_is_replaced_and_goes_on(metrics):
    server = metrics("--metric", "visits")
    server.get("/inc")
    wait_for_value(server, "visits", 1)
    first = server.wait_for_log(r"metrics \(pid (\d+)\) started").group(1)
    os.kill(int(first), signal.SIGKILL)
    server.wait_for_log(r"metrics \(pid (\d+)\) started", count=2)
    server.get("/inc")
    wait_for_value(server, "visits", 2)


def test_without_its_options_there_is_no_process(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS)
    assert server.get("/inc").text == "-1"
    for role in ("metrics", "alarms", "stats", "pushers"):
        assert role + " (pid" not in server.log


def test_files_are_text_that_ends(metrics):
    server = metrics("--metric", "visits")
    server.get("/inc")
    wait_for_value(server, "visits", 1)
    raw = pathlib.Path(server.folder / "values/visits").read_bytes()
    assert raw.rstrip(b"\0") == b"1\n"
