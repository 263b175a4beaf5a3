"""Starts the server for a test: real processes, real sockets, a folder of its own, and a clean end.

Which server: MORTISE_BINARY, or mortise in the folder MORTISE_BUILD, or build/mortise.
"""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MORTISE_BUILD", ROOT / "build"))
BINARY = os.environ.get("MORTISE_BINARY", str(BUILD / "mortise"))
SANITIZED = "MORTISE_SANITIZE:STRING=\n" not in (BUILD / "CMakeCache.txt").read_text()
SLOWER = 5 if SANITIZED else 1  # times: what a server does with the processor, not what it waits for
# ThreadSanitizer has threads of its own, and hands signals on only where a function of the C library is called.
THREAD_SANITIZED = b"__tsan_init" in pathlib.Path(BINARY).read_bytes()
EXAMPLES = ROOT / "examples"

PATIENCE_SECONDS = 30  # until a test gives up on what must come: no bound of the server; a machine that runs tests is busy
STOP_SECONDS = 15
# "listening on http://127.0.0.1:45613 (2 workers)", "listening on uwsgi:/tmp/x.sock", and the gateway's own line.
LISTENING = re.compile(r"(listening|http gateway) on ([\w-]+):(?://)?(\S+)")


def wait_until(condition, seconds=PATIENCE_SECONDS, what="the condition"):
    """Polls until condition() is true and returns its value; fails the test after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "%s did not come true in %s s" % (what() if callable(what) else what, seconds)
        time.sleep(0.01)


def text_of(path):
    """What a file has, or nothing while it is not there."""
    path = pathlib.Path(path)
    return path.read_bytes().decode(errors="replace") if path.exists() else ""


def wait_for_text(path, pattern, count=1):
    """The text of a file once it has a pattern, in which ^ and $ are a line's, so many times."""
    pattern = re.compile(pattern, re.M)

    def found():
        text = text_of(path)
        return text if len(pattern.findall(text)) >= count else None

    return wait_until(found, what=lambda: "%r in %s:\n%s" % (pattern.pattern, path, text_of(path)[-3000:]))


def listens(path):
    """Whether somebody accepts at this Unix socket: its file is there before."""
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0


class Response:
    """An answer: status, headers (names in lower case), body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.header_list = [(name.lower(), value) for name, value in headers]
        self.headers = dict(self.header_list)
        self.body = body

    @property
    def text(self):
        return self.body.decode("latin-1")


class Mortise:
    """One server. Use it through the fixture `mortise`, which stops it."""

    def __init__(self, folder, *args, env=None, start=True):
        self.folder = pathlib.Path(folder)
        self.args = [str(arg) for arg in args]
        self.log_path = self.folder / "server.log"
        self.env = clean_environment(env)
        self.process = None
        if start:
            self.start()

    # ---- life ----

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, *self.args],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for_log(LISTENING)

    def signal(self, signum):
        os.kill(self.process.pid, signum)

    def stop(self):
        """Asks for a stop and insists on a clean one."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError("the server did not stop within %s s\n%s" % (STOP_SECONDS, self.log)) from None
        finally:
            self.kill()
        assert status == 0, "the server ended with status %s\n%s" % (status, self.log)

    def kill(self):
        """Last resort: whatever is left of the group that this test started."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    # ---- log ----

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_for_log(self, pattern, seconds=PATIENCE_SECONDS, count=1):
        """The match of a pattern in the log once there are `count` of them; the server must not end before."""
        pattern = re.compile(pattern) if isinstance(pattern, str) else pattern

        def found():
            matches = list(pattern.finditer(self.log))
            if len(matches) >= count:
                return matches[-1]
            assert self.process.poll() is None, "the server ended with status %s\n%s" % (
                self.process.returncode,
                self.log,
            )
            return None

        return wait_until(found, seconds, lambda: "%r in the log:\n%s" % (pattern.pattern, self.log))

    # ---- requests ----

    def address(self, scheme="http"):
        """(host, port), or the path of a UNIX socket, that the server says it listens on, or is about to say."""

        def told():
            # The workers' own sockets first, then the gateway's.
            for _, found_scheme, where in sorted(LISTENING.findall(self.log), key=lambda found: found[0] != "listening"):
                if found_scheme == scheme:
                    host, _, port = where.rpartition(":")
                    return (host.strip("[]"), int(port)) if port.isdigit() else str(self.folder / where)
            return None

        return wait_until(told, what=lambda: "%s socket in the log:\n%s" % (scheme, self.log))

    @property
    def url(self):
        return "http://%s:%d" % self.address()

    def connect(self, scheme="http", timeout=PATIENCE_SECONDS):
        """A connected socket."""
        address = self.address(scheme)
        if isinstance(address, tuple):
            return socket.create_connection(address, timeout=timeout)
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(address)
        return sock

    def request(self, method, path="/", body=None, headers=None, timeout=PATIENCE_SECONDS, **kwargs):
        """One HTTP request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address(), timeout=timeout)
        try:
            connection.request(method, path, body, headers or {}, **kwargs)
            answer = connection.getresponse()
            return Response(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get(self, path="/", **kwargs):
        return self.request("GET", path, **kwargs)

    def uwsgi_request(self, variables=None, body=b"", modifier1=0):
        """One request over the uwsgi protocol: the raw answer."""
        values = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "REQUEST_URI": "/",
            "QUERY_STRING": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
        }
        values.update(variables or {})
        block = b""
        for pair in values.items():
            for text in pair:
                raw = text.encode("latin-1") if isinstance(text, str) else text
                block += struct.pack("<H", len(raw)) + raw
        with self.connect("uwsgi") as sock:
            sock.sendall(struct.pack("<BHB", modifier1, len(block), 0) + block + body)
            return read_all(sock)


def state_of(pid):
    """The letter of proc(5), "Z" for a zombie that can be waited for, "X" while threads of it are left, or "gone"."""
    try:
        letter = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
        return "X" if letter == "Z" and len(os.listdir("/proc/%d/task" % pid)) > 1 else letter
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def children(pid):
    """pids of the children, the oldest first, those that are dead and not waited for included."""
    return [int(word) for word in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]


def runs(pid):
    return state_of(pid) not in ("Z", "gone")


def open_files(pid):
    """What the descriptors of a process lead to, but for those that it closes meanwhile."""
    found = []
    for link in pathlib.Path("/proc/%d/fd" % pid).iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(link))
    return found


def read_all(sock):
    """What comes until the peer closes."""
    chunks = []
    while True:
        chunk = sock.recv(65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def clean_environment(extra=None):
    """What a service manager would give: no virtualenv, no interpreter of the test run."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_PRELOAD") if name in os.environ}
    kept["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    kept.update(extra or {})
    return kept


def run(folder, *args, env=None, seconds=30):
    """Runs the server to its end, for starts that must fail: a CompletedProcess with the log as text."""
    return subprocess.run(
        [BINARY, *map(str, args)],
        cwd=folder,
        env=clean_environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        text=True,
        errors="replace",
    )


def write(folder, name, text):
    """A file of the test, with its folders."""
    path = pathlib.Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def copy(folder, source):
    return shutil.copy(source, folder)
