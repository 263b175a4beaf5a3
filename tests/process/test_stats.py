"""Statistics: the JSON document, side by side with uWSGI's own; Prometheus; pushers."""

import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import termios
import threading
import time

import pytest

from mortise import BUILD, clean_environment, listens, read_all, run, text_of, wait_for_text, wait_until, write

INSTRUMENTS = BUILD / "fixtures/instruments_plugin.so"
HELLO = """
import time
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/sleep":
        time.sleep(1.5)
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("as wanted")
    return [b"hello"]
"""


def document(path):
    """What a connection to the UNIX socket brings until it is closed."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        return json.loads(read_all(sock))


@pytest.fixture
def stats(mortise):
    """A server with statistics on the UNIX socket `s` in its folder."""

    def start(*args, **kwargs):
        return mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--stats", "s", *args, **kwargs)

    return start


def get(server, path="/", request=b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"):
    """An HTTP request to the statistics: (head, body)."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(server.folder / "s"))
        sock.sendall(request % path.encode() if b"%s" in request else request)
        head, _, body = read_all(sock).partition(b"\r\n\r\n")
        return head.decode(), body.decode()


def shape(value, path=""):
    """Paths of all members and the JSON types of the values, those of lists' items joined."""
    if isinstance(value, dict):
        return {found for key, item in value.items() for found in shape(item, "%s.%s" % (path, key))} or {(path, "object")}
    if isinstance(value, list):
        return {found for item in value for found in shape(item, path + "[]")} or {(path, "list")}
    return {(path, "number" if isinstance(value, (int, float)) else "text")}


def start_uwsgi(folder):
    """uWSGI itself, with the same configuration: its document."""
    (folder / "app.py").write_text(HELLO)
    process = subprocess.Popen(
        ["uwsgi-core", "--plugin", "python3", "--master", "--processes", "2", "--threads", "2", "--die-on-term", "--no-orphans",
         "--http-socket", "w", "--uwsgi-socket", "u", "--stats", "s", "--enable-metrics", "--metric", "mine", "--wsgi-file", "app.py"],
        cwd=folder, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        wait_until(lambda: listens(folder / "s"), what="uWSGI's statistics")
        wait_until(lambda: document(folder / "s")["workers"][0]["apps"], what="uWSGI's application")
        sleeper = socket.socket(socket.AF_UNIX)
        sleeper.connect(str(folder / "w"))
        sleeper.sendall(b"GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        return document(folder / "s")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.skipif(not shutil.which("uwsgi-core"), reason="uWSGI is not installed")
def test_the_document_has_the_keys_and_types_of_uwsgi(mortise, tmp_path):
    folder = tmp_path / "uwsgi"
    folder.mkdir()
    theirs = start_uwsgi(folder)
    server = mortise("--http-socket", "127.0.0.1:0", "--uwsgi-socket", "u", "--stats", "s", "--enable-metrics", "--metric", "mine",
                     "--processes", "2", "--threads", "2", "--wsgi-file", "app.py", files={"app.py": HELLO})
    server.wait_for_log("application from", count=2)
    with server.connect() as sleeper:
        sleeper.sendall(b"GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: any(w["status"] == "busy" for w in document(server.folder / "s")["workers"]), what="a busy worker")
        ours = document(server.folder / "s")
    locks = re.compile(r"^\.locks\[\]\.")

    def comparable(stats):
        return {found for found in shape(stats) if not locks.match(found[0])}

    assert comparable(theirs) - comparable(ours) == set()
    assert comparable(ours) - comparable(theirs) == set()
    assert list(theirs) == list(ours)
    assert list(theirs["workers"][0]) == list(ours["workers"][0])
    assert list(theirs["metrics"]) == list(ours["metrics"])
    assert [(m["type"], m["oid"]) for m in theirs["metrics"].values()] == [(m["type"], m["oid"]) for m in ours["metrics"].values()]


def test_numbers_are_those_of_the_server(wsgi):
    server = wsgi(HELLO, "--stats", "s", "--threads", "2", "--memory-report")
    server.wait_for_log("application from")
    for path in ("/", "/", "/fail"):
        server.get(path)
    found = wait_until(lambda: (lambda d: d if d["workers"][0]["requests"] == 3 else None)(document(server.folder / "s")), what="the requests")
    worker = found["workers"][0]
    assert found["pid"] == server.process.pid and found["cwd"] == str(server.folder)
    assert worker["pid"] == int(server.wait_for_log(r"worker 1 \(pid (\d+)\)").group(1))
    assert (worker["status"], worker["accepting"], worker["respawn_count"]) == ("idle", 1, 1)
    assert (worker["delta_requests"], worker["exceptions"], worker["apps"][0]["requests"]) == (3, 1, 3)
    assert worker["rss"] > 1 << 20 and worker["vsz"] > worker["rss"]
    assert re.search(r"\{address space usage: \d{7,} bytes/\d+MB\} \{rss usage: \d{7,} bytes/\d+MB\} \[pid: ", server.log)
    assert worker["tx"] > 10 and worker["running_time"] > 0 and abs(worker["last_spawn"] - time.time()) < 60
    assert sum(core["requests"] for core in worker["cores"]) == 3
    assert found["sockets"][0]["proto"] == "http" and found["sockets"][0]["max_queue"] > 0
    assert "metrics" not in found


def test_a_running_request_is_shown_with_its_variables(wsgi):
    server = wsgi(HELLO, "--stats", "s", "--threads", "2")
    server.wait_for_log("application from")
    with server.connect() as sock:
        sock.sendall('GET /sleep HTTP/1.1\r\nHost: orchard\r\nX-Odd: a\\b "ä"\r\n\r\n'.encode("latin-1"))

        def running():
            return [core for core in document(server.folder / "s")["workers"][0]["cores"] if core["in_request"]]

        core = wait_until(running, 1.4, "the request")[0]
    assert 'HTTP_HOST=orchard' in core["vars"] and 'HTTP_X_ODD=a\\b "ä"' in core["vars"] and "REQUEST_URI=/sleep" in core["vars"]
    assert abs(core["req_info"]["request_start"] - time.time()) < 30
    wait_until(lambda: not running(), what="the end of the request")


@pytest.mark.parametrize("option, key", [("--stats-no-cores", '"cores"'), ("--stats-no-metrics", '"core.total_tx"')])
def test_parts_can_be_left_out(stats, option, key):
    assert key not in json.dumps(document(stats("--enable-metrics", option).folder / "s"))
    assert key in json.dumps(document(stats("--enable-metrics").folder / "s"))


def test_minified_is_one_line(stats):
    server = stats("--stats-min")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(server.folder / "s"))
        raw = read_all(sock)
    assert b"\n" not in raw and json.loads(raw)["workers"]


def test_http_gives_the_document_or_the_text_for_prometheus(stats):
    server = stats("--stats-http", "--enable-metrics", "--metric", "visits")
    head, body = get(server, "/anything")
    assert head.startswith("HTTP/1.0 200 OK") and "Content-Type: application/json" in head
    assert json.loads(body)["workers"]
    head, body = get(server, "/metrics")
    assert "Content-Type: text/plain; version=0.0.4" in head
    assert 'uwsgi_worker_requests_total{worker_id="1"} 0' in body and "\nuwsgi_metric_visits 0\n" in body
    assert get(server, request=b"POST / HTTP/1.1\r\n\r\n")[0].startswith("HTTP/1.0 400 ")


def test_a_client_of_http_that_asks_nothing_gets_the_document(stats):
    server = stats("--stats-http")
    _, body = get(server, request=b"")
    assert json.loads(body)["workers"]


def test_what_prometheus_gets_is_in_its_format(mortise):
    server = mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--prometheus", "s", "--processes", "2", "--threads", "2",
                     "--enable-metrics")
    server.get("/inc")
    _, body = get(server, "/")
    typed, families = {}, set()
    for line in body.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in typed, "a family is in one piece"
            typed[name] = kind
            families.add(name)
        elif not line.startswith("#"):
            assert re.fullmatch(r'([a-z_]+)(\{([a-z_]+="[^"]*",?)+\})? -?[0-9.]+', line), line
            assert line.partition("{")[0].partition(" ")[0] in families
    assert typed["uwsgi_worker_requests_total"] == "counter" and typed["uwsgi_listen_queue_length"] == "gauge"
    assert "uwsgi_metric_fixture_answer" in typed


def test_slow_and_many_clients_hold_up_nobody(stats):
    server = stats("--stats-http", "--processes", "4", "--threads", "8")
    silent = [socket.socket(socket.AF_UNIX) for _ in range(60)]
    for sock in silent:
        sock.connect(str(server.folder / "s"))
        sock.sendall(b"GET /half")
    started = time.monotonic()
    for _ in range(20):
        assert json.loads(get(server)[1])["workers"]
    assert time.monotonic() - started < 5
    for sock in silent:
        sock.settimeout(5)
        assert read_all(sock).startswith(b"HTTP/1.0 200 OK")
        sock.close()


def test_statistics_go_on_through_a_reload_and_the_death_of_their_process(stats):
    server = stats()
    first = document(server.folder / "s")
    os.kill(int(server.wait_for_log(r"\] stats \(pid (\d+)\) started").group(1)), signal.SIGKILL)
    server.wait_for_log(r"\] stats \(pid (\d+)\) started", count=2)
    assert document(server.folder / "s")["workers"][0]["pid"] == first["workers"][0]["pid"]
    server.signal(signal.SIGHUP)
    wait_until(lambda: document(server.folder / "s")["workers"][0]["pid"] not in (0, first["workers"][0]["pid"]), what="the next generation")
    assert document(server.folder / "s")["pid"] == first["pid"] == server.process.pid


def test_who_was_accepted_before_a_reload_is_answered(stats):
    server = stats("--stats-http")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(server.folder / "s"))
        sock.sendall(b"GET / HT")
        wait_until(lambda: fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)) == bytes(4), what="that it is read")
        server.signal(signal.SIGHUP)
        server.wait_for_log("reload done")
        sock.sendall(b"TP/1.1\r\n\r\n")
        assert b'"workers"' in read_all(sock)
    server.wait_for_log("old stats .* stopped")


def test_an_address_that_is_taken_ends_the_start(stats, tmp_path):
    server = stats()
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--stats", server.folder / "s")
    assert done.returncode != 0 and "/s" in done.stdout


# ---- pushers


class Peer:
    """A server that keeps what it is sent."""

    def __init__(self, kind, answer=b""):
        self.received = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                if isinstance(self.request, tuple):
                    outer.received.append(self.request[0])
                    return
                while data := self.request.recv(65536):
                    outer.received.append(data)
                    self.request.sendall(answer)

        self.server = kind(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, part):
        wait_until(lambda: part in b"\n".join(self.received), what=lambda: "%r in %r" % (part, self.received[:50]))
        return b"\n".join(self.received)


@pytest.fixture
def peer():
    """make(kind, answer): a peer on a port of its own, stopped after the test."""
    peers = []

    def make(kind=socketserver.ThreadingUDPServer, answer=b""):
        peers.append(Peer(kind, answer))
        return peers[-1]

    yield make
    for one in peers:
        one.server.shutdown()
        one.server.server_close()


@pytest.fixture
def pushing(mortise):
    """A server that pushes each second, and counts."""

    def start(*args, **kwargs):
        return mortise("--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--stats-pusher-default-freq", "1",
                       "--metric", "name=visits,type=counter,initial_value=7", "--metric", "name=heat,type=gauge,initial_value=3", *args, **kwargs)

    return start


@pytest.mark.parametrize("address, why", [
    ("no-such-host.invalid:8125", "it was not found; tried again at the next push"), ("nowhere", "this is no address"), ("127.0.0.1:x", "this is no address"),
])
def test_a_destination_that_cannot_be_used_is_told_with_its_cause(pushing, address, why):
    server = pushing("--stats-push", "statsd:" + address)
    server.wait_for_log(re.escape("stats-push to %s: %s (write statsd:HOST:PORT[,PREFIX])" % (address, why)))


EXPORTER = """
#include <uwsgi.h>
/* Memory of the process alone: the pusher fills it, a thread of the master shows it. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char shown[32] = "nothing";
static void push(struct uwsgi_stats_pusher_instance *instance, time_t now, char *json, size_t len) {
  (void)instance, (void)now, (void)json, (void)len;
  pthread_mutex_lock(&guard);
  snprintf(shown, sizeof shown, "%d locks", uwsgi.registered_locks != NULL);
  pthread_mutex_unlock(&guard);
}
static int listener;
static void show(struct uwsgi_thread *thread) {
  event_queue_add_fd_read(thread->queue, listener);
  for (;;) {
    int fd = -1;
    if (event_queue_wait(thread->queue, -1, &fd) <= 0 || fd != listener) continue;
    int client = accept(listener, NULL, NULL);
    pthread_mutex_lock(&guard);
    uwsgi_write_nb(client, shown, strlen(shown), 5);
    pthread_mutex_unlock(&guard);
    close(client);
  }
}
static int start(void) {
  listener = bind_to_unix("exporter.sock", 4, 0, 0);
  struct uwsgi_stats_pusher *pusher = uwsgi_register_stats_pusher("exporter", push);
  pusher->raw = 1;
  uwsgi_stats_pusher_add(pusher, NULL)->freq = 1;
  return uwsgi_thread_new(show) ? 0 : -1;
}
struct uwsgi_plugin exporter_plugin = {.name = "exporter", .init = start};
"""


def test_a_pusher_and_a_thread_of_its_plugin_share_memory(mortise, tmp_path):
    write(tmp_path, "exporter.c", EXPORTER)
    built = run(tmp_path, "--build-plugin", "exporter.c")
    assert built.returncode == 0, built.stdout
    server = mortise("--http-socket", "127.0.0.1:0", "--plugin", tmp_path / "exporter_plugin.so", "--plugin", INSTRUMENTS)

    def shown():
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(server.folder / "exporter.sock"))
            return read_all(client) == b"1 locks"

    wait_until((server.folder / "exporter.sock").is_socket, what="the exporter's socket")
    wait_until(shown, what="what was pushed")
    assert "pushers" not in server.log


def test_file_gets_documents(pushing):
    server = pushing("--stats-push", "file:path=out,separator=|", "--stats-no-cores", "--stats-push", "file:path=rare,freq=1000")
    out = server.folder / "out"
    wait_until(lambda: text_of(out).count("|") >= 3, 10, "three pushes")
    parts = out.read_text().split("|")
    assert json.loads(parts[0])["metrics"]["visits"]["value"] == 7 and json.loads(parts[1])["workers"]
    assert (server.folder / "rare").read_text().count("\n\n") == 1


def test_statsd_and_socket_get_a_datagram_for_each_metric(pushing, peer):
    statsd, plain = peer(), peer()
    pushing("--stats-push", "statsd:%s,orchard" % statsd.address, "--stats-push", "socket:" + plain.address, "--statsd-no-workers")
    text = statsd.wait(b"orchard.visits:7|c")
    assert b"orchard.heat:3|g" in statsd.wait(b"orchard.heat:3|g") and b"worker.1" not in text
    plain.wait(b"uwsgi.visits 0 7")
    plain.wait(b"uwsgi.heat 1 3")
    plain.wait(b"uwsgi.worker.1.requests 0 0")


def test_zabbix_gets_all_metrics_in_a_packet(pushing, peer):
    zabbix = peer(socketserver.ThreadingTCPServer, b"ZBXD\1")
    pushing("--stats-push", "zabbix:%s,orchard" % zabbix.address)
    raw = zabbix.wait(b'"key":"orchard.visits","value":"7"')
    assert raw.startswith(b"ZBXD\1")
    size = int.from_bytes(raw[5:13], "little")
    data = json.loads(raw[13:13 + size])
    assert data["request"] == "sender data" and {"host", "key", "value"} == set(data["data"][0])


def test_zabbix_template_has_an_item_for_each_metric(pushing):
    server = pushing("--zabbix-template=template.xml")
    text = wait_for_text(server.folder / "template.xml", r"</zabbix_export>\n\Z")
    assert "<key>visits</key>" in text and text.count("<item>") == text.count("</item>") > 20


def test_carbon_gets_lines(pushing, peer):
    carbon = peer(socketserver.ThreadingTCPServer)
    server = pushing("--carbon", carbon.address, "--carbon-freq", "1", "--carbon-id", "orchard", "--carbon-root", "root")
    server.get("/inc")
    name = "root.%s.orchard" % socket.gethostname()
    carbon.wait(("%s.requests 1 " % name).encode())
    for line in carbon.wait(("%s.worker1.busyness " % name).encode()).replace(b"\n\n", b"\n").decode().splitlines():
        assert re.fullmatch(r"root\.\S+ \d+ \d{10}", line), line


def test_carbon_is_sent_again_what_it_missed(pushing):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        server = pushing("--carbon", "127.0.0.1:%d" % port, "--carbon-freq", "60", "--carbon-max-retry", "20", "--carbon-retry-delay", "1")
        server.wait_for_log(r"carbon: 127.0.0.1:%d: .*\(tried again\)" % port)
        sock.listen()
        sock.settimeout(10)
        client, _ = sock.accept()
        assert b".requests 0 " in client.recv(65536)
        client.close()


def test_carbon_can_push_the_metrics(pushing, peer):
    carbon = peer(socketserver.ThreadingTCPServer)
    pushing("--carbon", carbon.address, "--carbon-freq", "1", "--carbon-use-metrics")
    carbon.wait(b".visits 7 ")


def test_rrdtool_keeps_metrics_in_files(pushing):
    if not any(os.path.exists("/usr/lib/x86_64-linux-gnu/librrd.so" + end) for end in ("", ".8")):
        pytest.skip("librrd is not installed")
    server = pushing("--stats-push", "rrdtool:.", "--rrdtool-freq", "1")
    wait_until((server.folder / "visits.rrd").exists, what="the file")
    before = (server.folder / "visits.rrd").read_bytes()
    wait_until(lambda: (server.folder / "visits.rrd").read_bytes() != before, 10, "an update")


def test_a_plugin_pushes_raw_and_with_retries(pushing):
    server = pushing("--stats-push", "raw:raw", "--stats-push", "retries:tried", "--metric", "name=burst,reset_after_push")
    wait_for_text(server.folder / "tried", "pushed")
    assert (server.folder / "tried").read_text() == "failed\nfailed\npushed\n{"
    assert "visits=7\n" in (server.folder / "raw").read_text()


def test_an_unknown_pusher_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--plugin", INSTRUMENTS, "--stats-push", "pigeon:home")
    assert done.returncode == 1
    assert "stats-push = pigeon:home: no pusher of that name; there are: file socket statsd zabbix raw retries (load its plugin)" in done.stdout


def test_a_destination_that_hangs_does_not_hold_up_the_answers(pushing):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        server = pushing("--stats-push", "zabbix:127.0.0.1:%d" % sock.getsockname()[1], "--stats", "s")
        client, _ = sock.accept()
        started = time.monotonic()
        for _ in range(5):
            assert document(server.folder / "s")["workers"]
        assert time.monotonic() - started < 2
        client.close()


def test_uwsgitop_reads_the_document(wsgi):
    server = wsgi(HELLO, "--stats", "s", "--processes", "2")
    for _ in range(3):
        server.get()
    master, slave = os.openpty()
    tool = pathlib.Path(sys.executable).parent / "uwsgitop"
    process = subprocess.Popen([tool, server.folder / "s"], stdin=slave, stdout=slave, stderr=slave, env={**clean_environment(), "TERM": "xterm", "LINES": "40", "COLUMNS": "160"})
    shown = b""
    try:
        os.set_blocking(master, False)

        def shows():
            nonlocal shown
            try:
                shown += os.read(master, 65536)
            except BlockingIOError:
                pass
            assert process.poll() is None, shown.decode(errors="replace")
            return b"WID" in shown and all(b"%d" % pid in shown for pid in (worker["pid"] for worker in document(server.folder / "s")["workers"]))

        wait_until(shows, what=lambda: shown.decode(errors="replace"))
        os.write(master, b"q")
        assert process.wait(10) == 0, shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
