"""What a scenario works with: servers that have the plugin, and peers that record what they are sent."""

import http.server
import json
import pathlib
import socket
import socketserver
import struct
import subprocess
import threading

from mortise import BINARY, BUILD, ROOT, Mortise, clean_environment, text_of, wait_until, write

__all__ = ["NEEDS", "PROBE_SLOT", "Run", "expect", "plugins", "text_of", "venv", "wait_until"]

PROBE_SLOT = 200  # modifier of the plugin that answers requests, out of the way of all others
# Whose functions a plugin of the set needs: its recipe says REQUIRES.
NEEDS = {name: ["corerouter"] for name in ("fastrouter", "forkptyrouter", "http", "rawrouter", "sslrouter")}
NEEDS.update({name: ["greenlet"] for name in ("asyncio", "tornado")})


def venv():
    """The virtual environment of the interpreter that this build has; None: there is none."""
    made_for = BUILD / ".configured-for"
    version = ".".join(made_for.read_text().split()[1].split(".")[:2]) if made_for.exists() else ""
    folder = ROOT / (".venv-" + version)
    return folder if version and folder.exists() else None


def plugins(folder, name):
    """--plugin arguments for a plugin of the set and those that it needs."""
    return [word for one in [*NEEDS.get(name, []), name] for word in ("--plugin", "%s/%s_plugin.so" % (folder, one))]


def expect(condition, what):
    """Like assert, with a text that fits into a line of the report."""
    if not condition:
        raise AssertionError(what)


class Peer:
    """Somebody that the server talks to, on a port of its own; `received` is what came."""

    def __init__(self, kind, answer=None):
        self.received = []
        peer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                if kind is socketserver.ThreadingUDPServer:
                    peer.received.append(self.request[0])
                    return
                while True:
                    data = self.request.recv(65536)
                    if not data:
                        return
                    peer.received.append(data)
                    reply = answer(data) if answer else None
                    if reply:
                        self.request.sendall(reply)

        self.server = kind(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.address = "127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, part, seconds=10):
        """All that came, once it has this part in it."""
        part = part.encode() if isinstance(part, str) else part
        wait_until(lambda: part in b"".join(self.received), seconds, "%r at the peer, which has %r" % (
            part, b"".join(self.received)[:200]))
        return b"".join(self.received)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Run:
    """One scenario's servers and peers, stopped together."""

    def __init__(self, folder, output, name):
        self.folder, self.output, self.name = pathlib.Path(folder), pathlib.Path(output), name
        self.servers, self.peers = [], []
        self.venv = venv()

    # ---- servers ----

    def server(self, *args, files=None, slot=PROBE_SLOT, sockets=("--http-socket", "127.0.0.1:0"), alone=False):
        """A server with the plugin of this scenario and those that answer; `slot` is the modifier of requests."""
        folder = self.folder / str(len(self.servers))
        folder.mkdir()
        for name, text in (files or {}).items():
            path = write(folder, name, text)
            if text.startswith("#!"):
                path.chmod(0o755)
        words = [] if alone else plugins(self.output, self.name)
        words += ["--plugin", "%d:%s/http_probe_plugin.so" % (PROBE_SLOT, self.output)]
        words += ["--plugin", "%s/helper_plugin.so" % self.output, *sockets]
        if "--http-socket" in sockets:
            words += ["--http-socket-modifier1", slot]
        server = Mortise(folder, *words, *args, start=False)
        self.servers.append(server)
        server.start()
        return server

    def command(self, *args, seconds=20):
        """The server run to its end: (status, output)."""
        done = subprocess.run([BINARY, *plugins(self.output, self.name), *map(str, args)], env=clean_environment(),
                              cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds, text=True, check=False)
        return done.returncode, done.stdout

    # ---- peers ----

    def peer(self, kind, answer=None):
        self.peers.append(Peer(kind, answer))
        return self.peers[-1]

    def udp(self):
        return self.peer(socketserver.ThreadingUDPServer)

    def tcp(self, answer=None):
        return self.peer(socketserver.ThreadingTCPServer, answer)

    def http(self):
        """An HTTP server that says who asked it for what."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802  the library's name
                body = ("upstream %s %s %s" % (self.command, self.path, self._body().decode())).encode()
                seen.append(body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def _body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                chunks = []
                while size := int(self.rfile.readline(), 16):
                    chunks.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(chunks)

            def log_message(self, *_args):
                pass

        seen = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.seen, server.close = seen, server.server_close
        server.address = "127.0.0.1:%d" % server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.peers.append(server)
        return server

    @staticmethod
    def free_port():
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return sock.getsockname()[1]

    @staticmethod
    def packet(server, modifier1, modifier2=0, body=b""):
        """Sends one packet of the uwsgi protocol; all that comes back."""
        with server.connect("uwsgi", timeout=10) as sock:
            sock.sendall(struct.pack("<BHB", modifier1, len(body), modifier2) + body)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while True:
                chunk = sock.recv(65536)
                if not chunk:
                    return answer
                answer += chunk

    # ---- end ----

    def stop(self):
        for server in self.servers:
            server.stop()

    def kill(self):
        for server in self.servers:
            server.kill()
        for peer in self.peers:
            peer.close()

    def logs(self):
        return "\n".join(server.log for server in self.servers if server.log_path.exists())


def array(*items):
    """Strings with 16 bit lengths, as in the uwsgi protocol."""
    raw = [item.encode() if isinstance(item, str) else item for item in items]
    return b"".join(struct.pack("<H", len(item)) + item for item in raw)


def load_json(path):
    return json.loads(pathlib.Path(path).read_text())
