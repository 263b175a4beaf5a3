"""HTTP as bytes on a socket, for tests of what goes over the wire; and a server with the probe plugin on both ways in."""

import re
import socket

from mortise import BUILD, wait_until

PROBE = BUILD / "fixtures" / "http_probe_plugin.so"
GATEWAY = re.compile(r"http gateway on http://([\d.]+):(\d+)")
WAYS = ("socket", "gateway")


def start_probe(mortise, *args, workers=1, threads=2, **kwargs):
    """A server with the probe plugin that listens through --http-socket and --http."""
    server = mortise(
        "--plugin", PROBE, "--http-socket", "127.0.0.1:0", "--http", "127.0.0.1:0",
        "--processes", workers, "--threads", threads, *args, **kwargs,
    )
    server.wait_for_log(GATEWAY)
    return server


class Wire:
    """A client's connection; answers are read exactly to their end, so that what follows is seen."""

    def __init__(self, server, way="gateway", timeout=10):
        if way == "gateway":
            host, port = GATEWAY.search(server.log).groups()
        else:
            host, port = server.address()
        self.sock = socket.create_connection((host, int(port)), timeout=timeout)
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def get(self, path="/", method="GET", headers="", version="1.1"):
        self.send("%s %s HTTP/%s\r\nHost: test\r\n%s\r\n" % (method, path, version, headers))

    def post(self, path, body, headers=""):
        self.send("POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n%s\r\n" % (path, len(body), headers))
        self.send(body)

    def _more(self):
        data = self.sock.recv(262144)
        if not data:
            raise EOFError("the connection ended, held: %r" % bytes(self.buffer[:200]))
        self.buffer += data

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line = self._bytes(self.buffer.index(b"\r\n"))
        self._bytes(2)
        return line.decode("latin-1")

    def _bytes(self, count):
        while len(self.buffer) < count:
            self._more()
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def rest(self):
        """Everything until the peer closes."""
        while True:
            try:
                self._more()
            except EOFError:
                return self._bytes(len(self.buffer))

    def at_end(self):
        """True when the peer has closed and nothing is left."""
        return self.rest() == b""

    def head(self):
        status = self._line()
        headers = []
        while True:
            line = self._line()
            if not line:
                return WireResponse(status, headers)
            name, value = line.split(":", 1)
            headers.append((name.lower(), value.strip()))

    def response(self, method="GET"):
        answer = self.head()
        if method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            return answer
        if answer.headers.get("transfer-encoding") == "chunked":
            while True:
                size = int(self._line(), 16)
                answer.body += self._bytes(size)
                assert self._bytes(2) == b"\r\n"
                if size == 0:
                    return answer
                answer.chunks += 1
        elif "content-length" in answer.headers:
            answer.body = self._bytes(int(answer.headers["content-length"]))
        else:
            answer.body = self.rest()
        return answer


class WireResponse:
    def __init__(self, status_line, headers):
        self.version, code, self.reason = status_line.split(" ", 2)
        self.status = int(code)
        self.header_list = headers
        self.headers = dict(headers)
        self.body = b""
        self.chunks = 0

    @property
    def closes(self):
        return self.headers.get("connection") == "close"


def process_of(server, pattern):
    """Pid in a line of the log such as 'http (pid 123) started', the newest one."""
    return int(server.wait_for_log(pattern + r" \(pid (\d+)\) started").group(1))


def rss_kib(pid):
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def assert_grows_at_most(kib, pids, before):
    """Resident memory; a sanitizer keeps freed memory, so that nothing can be said of it there."""
    for pid, then in zip(pids, before):
        with open("/proc/%d/maps" % pid) as maps:
            if "san.so" in maps.read():
                return
        assert rss_kib(pid) - then <= kib, (pid, then, rss_kib(pid))


def wait_for_answer(server, way="gateway", path="/", seconds=10):
    """Until a request is answered with 200 again."""

    def answered():
        try:
            with Wire(server, way, timeout=2) as wire:
                wire.get(path)
                return wire.response().status == 200
        except (EOFError, OSError):
            return False

    return wait_until(answered, seconds, "an answer")
