"""What a fork breaks is named before it does: threads and connections in the master."""

import socket

import pytest

from mortise import BUILD, THREAD_SANITIZED

APP = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hello']\n"
REMEDY = "in a plugin's hook post_fork, in Python in a function marked @postfork, or load the application in each worker: lazy-apps"


@pytest.fixture
def early(mortise):
    """start(**environment): a server with a plugin that does things too early."""

    def start(**environment):
        return mortise("--plugin", BUILD / "fixtures/early_plugin.so", "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2",
                       files={"app.py": APP}, env=environment)  # fmt: skip

    return start
@pytest.mark.skipif(THREAD_SANITIZED, reason="threads at a fork are ThreadSanitizer's own, too")


def test_a_thread_of_a_plugin_is_named_once(early):
    server = early(THREAD="yes")
    assert server.get().status == 200
    line = "the master runs threads ('collector'): they do not exist in the workers, which are forked from it (start them %s)" % REMEDY
    assert server.log.count(line) == 1


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_a_connection_of_a_plugin_is_named_by_its_peer(early, tmp_path, family):
    with socket.socket(family) as listener:
        listener.bind({socket.AF_INET: ("127.0.0.1", 0), socket.AF_INET6: ("::1", 0), socket.AF_UNIX: str(tmp_path / "peer.sock")}[family])
        listener.listen()
        where = listener.getsockname()
        peer = where if family == socket.AF_UNIX else ("[%s]:%d" if family == socket.AF_INET6 else "%s:%d") % where[:2]
        server = early(PEER=peer)
        assert server.get().status == 200
    assert "the master has connections open (%s (descriptor " % peer in server.log
    assert "all workers would use the same ones and get each other's answers (connect %s)" % REMEDY in server.log


def test_the_servers_own_threads_and_sockets_are_no_reason_to_warn(mortise, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        manager.bind(str(tmp_path / "notify"))
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(10)
        udp = "127.0.0.1:%d" % collector.getsockname()[1]
        for mode in ("--lazy-apps", "--preload"):
            server = mortise(
                "--http", "127.0.0.1:0", "--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--processes", "2", "--threads", "2", mode,
                "--stats", "stats.sock", "--stats-push", "statsd:" + udp, "--logger", "socket:" + udp, "--req-logger", "rsyslog:%s,test" % udp,
                "--harakiri", "20", "--mule", "--spooler", "spool", "--offload-threads", "1", "--master-fifo", "fifo", "--touch-reload", "app.py",
                "--enable-metrics", "--carbon", udp, "--alarm", "told cmd:cat", "--cache2", "name=x,items=10", "--attach-daemon", "sleep 100",
                "--subscribe-to", udp + ":example.com", "--cheaper", "1", "--max-requests", "100", "--py-tracebacker", "trace.", "--static-map", "/x=.",
                files={"app.py": APP, "spool/.keep": ""}, env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"},
            )  # fmt: skip
            said = []
            assert server.get().status == 200
            server.stop()
            collector.setblocking(False)
            try:
                while True:
                    said.append(collector.recv(65536))
            except BlockingIOError:
                collector.settimeout(10)
            text = server.log.encode() + b"\n".join(said)
            assert b"worker 1 (pid" in text
            assert b"the master runs threads" not in text and b"connections open" not in text
