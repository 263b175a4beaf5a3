"""Clients that ask a server without a pause while a test does something to it, and tell what they lost."""

import socket
import threading
import time

KEEP = b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n"
CLOSE = b"GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"


class Load:
    """with Load(address): … — afterwards .answers, .failures (texts) and .slowest (seconds)."""

    def __init__(self, address, clients=4, keep_alive=None, path=b"/", pause=0):
        self.address, self.path, self.pause = address, path, pause
        self.answers, self.failures, self.slowest = 0, [], 0.0
        self.stop = threading.Event()
        # Half of the clients keep their connections, unless the test says what all do.
        kinds = [bool(i % 2) if keep_alive is None else keep_alive for i in range(clients)]
        self.threads = [threading.Thread(target=self.run, args=(kind,)) for kind in kinds]
        self.lock = threading.Lock()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, keep_alive):
        sock, answers, slowest = None, 0, 0.0
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                if sock is None:
                    sock = connect(self.address)
                sock.sendall((KEEP if keep_alive else CLOSE) % self.path)
                status, stays = read_answer(sock)
                if status != 200:
                    raise OSError("status %d" % status)
                answers += 1
                if not (stays and keep_alive):
                    sock.close()
                    sock = None
            except OSError as error:
                with self.lock:
                    self.failures.append("%s after %.3f s" % (error or type(error).__name__, time.monotonic() - began))
                if sock:
                    sock.close()
                sock = None
            slowest = max(slowest, time.monotonic() - began)
            if self.pause:
                time.sleep(self.pause)
        if sock:
            sock.close()
        with self.lock:
            self.answers += answers
            self.slowest = max(self.slowest, slowest)


class Stalls:
    """with Stalls() as stalls: … — afterwards .longest, seconds that a thread which wanted to run had to wait: what a bound on
    the server's times has to be lenient about on a machine that is busy with other things."""

    def __enter__(self):
        self.longest, self.stop = 0.0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def run(self):
        nap = 0.002
        while not self.stop.is_set():
            began = time.monotonic()
            time.sleep(nap)
            self.longest = max(self.longest, time.monotonic() - began - nap)


def connect(address):
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout=15)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(15)
    sock.connect(address)
    return sock


def read_answer(sock):
    """(status, whether the connection stays open)."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(sock)
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), None)
    chunked = b"transfer-encoding: chunked" in lines
    while chunked and not body.endswith(b"0\r\n\r\n") or length is not None and len(body) < length:
        body += receive(sock)
    stays = b"connection: close" not in lines and (chunked or length is not None)
    while not stays:
        part = sock.recv(65536)
        if not part:
            break
    return int(lines[0].split()[1]), stays


def receive(sock):
    part = sock.recv(65536)
    if not part:
        raise OSError("closed in the middle of an answer")
    return part
