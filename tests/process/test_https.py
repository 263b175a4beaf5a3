"""HTTPS through the gateway, with the clients that people have: curl, Python's ssl, openssl."""

import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from certificates import make_authority, make_certificate
from http_wire import PROBE, Wire, process_of
from mortise import run, wait_until

ADDRESS = re.compile(r"http gateway on https://([\d.]+):(\d+)")


@pytest.fixture
def authority(tmp_path):
    return make_authority(tmp_path)


@pytest.fixture
def pair(tmp_path, authority):
    return make_certificate(tmp_path, authority)


@pytest.fixture
def start(mortise, pair):
    def start(*args, rest="", workers=1):
        server = mortise("--plugin", PROBE, "--https", "127.0.0.1:0,%s%s" % (pair.option, rest), "--http-socket", "127.0.0.1:0",
                         "--processes", workers, "--threads", 2, *args)
        server.wait_for_log(ADDRESS)
        return server

    return start


def port_of(server):
    return int(ADDRESS.search(server.log).group(2))


def trusting(authority, client=None, **versions):
    context = ssl.create_default_context(cafile=authority.certificate)
    if client:
        context.load_cert_chain(client.certificate, client.key)
    for name, version in versions.items():
        setattr(context, name, version)
    return context


class TlsWire(Wire):
    """A client's connection; an end that was not announced is an error."""

    def __init__(self, server, context, name="localhost", session=None, timeout=10):
        self.raw = socket.create_connection(("127.0.0.1", port_of(server)), timeout=timeout)
        self.sock = context.wrap_socket(self.raw, server_hostname=name, session=session, suppress_ragged_eofs=False)
        self.buffer = bytearray()

    def variables_as_bytes(self):
        self.get("/vars")
        return self.response().body

    def variables(self):
        return dict(line.split("=", 1) for line in self.variables_as_bytes().decode("latin-1").split("\n") if "=" in line)


def curl(server, authority, path, *words):
    command = ["curl", "-sS", "--cacert", authority.certificate, *words, "https://localhost:%d%s" % (port_of(server), path)]
    result = subprocess.run([*map(str, command)], capture_output=True, timeout=30)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_curl_is_served(start, authority, tmp_path):
    (tmp_path / "body").write_bytes(os.urandom(3_000_000))
    (tmp_path / "files").mkdir()
    os.link(tmp_path / "body", tmp_path / "files" / "f")
    server = start("--static-map=/static=%s" % (tmp_path / "files"))
    assert curl(server, authority, "/") == b"hello"
    assert curl(server, authority, "/echo", "--data-binary", "@%s" % (tmp_path / "body")) == (tmp_path / "body").read_bytes()
    assert curl(server, authority, "/static/f") == (tmp_path / "body").read_bytes()
    assert b"HTTP/1.1 200" in curl(server, authority, "/static/f", "-I")


def test_the_application_knows_that_it_is_https(mortise, pair, authority):
    server = mortise("--plugin", PROBE, "--https2", "addr=127.0.0.1:0,cert=%s,key=%s" % (pair.certificate, pair.key))
    server.wait_for_log(ADDRESS)
    with TlsWire(server, trusting(authority)) as wire:
        variables = wire.variables()
    assert variables["HTTPS"] == "on"
    assert variables["REQUEST_SCHEME"] == "https"
    assert variables["SERVER_PORT"] == str(port_of(server))
    assert not [name for name in variables if name in ("HTTPS_DN", "HTTPS_CC", "HTTPS_CLIENT_CERTIFICATE")]


@pytest.mark.parametrize("option", ["--https", "--https-socket"])
def test_wsgi_applications_see_the_scheme(mortise, pair, authority, tmp_path, option):
    (tmp_path / "app.py").write_text("def application(environ, start_response):\n    start_response('200 OK', [])\n    return [environ['wsgi.url_scheme'].encode()]\n")
    server = mortise("--wsgi-file", tmp_path / "app.py", option, "127.0.0.1:0,%s" % pair.option)
    server.wait_for_log(ADDRESS)
    wait_until(lambda: curl(server, authority, "/") == b"https")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_connection_serves_many_requests_in_order(start, authority, version):
    context = trusting(authority, minimum_version=version, maximum_version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with TlsWire(start(), context) as wire:
        assert wire.sock.selected_alpn_protocol() == "http/1.1"
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        assert all(wire.response().body == b"hello" for _ in range(100))
        wire.post("/echo", b"z" * 200_000)
        assert wire.response().body == b"z" * 200_000
        wire.get("/pieces", headers="Connection: close\r\n")
        assert wire.response().body == b"piece piece piece "
        assert wire.at_end()  # announced, else this is an error


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(start, authority):
    server = start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(OSError):
        TlsWire(server, context)
    assert curl(server, authority, "/") == b"hello"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_taken_up_again(start, authority, version):
    server = start("--http-processes=1")
    context = trusting(authority, minimum_version=version, maximum_version=version)
    with TlsWire(server, context) as first:
        first.get()
        first.response()
        session = first.sock.session
        assert not first.sock.session_reused
    with TlsWire(server, context, session=session) as second:
        second.get()
        assert second.response().body == b"hello"
        assert second.sock.session_reused


def test_a_client_that_sends_single_bytes_is_served(start, authority):
    context = trusting(authority)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", port_of(start())), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send():
            for byte in outgoing.read():
                sock.sendall(bytes([byte]))

        def insist(action):
            while True:
                try:
                    return action()
                except ssl.SSLWantReadError:
                    send()
                    incoming.write(sock.recv(65536))
                finally:
                    send()

        insist(tls.do_handshake)
        insist(lambda: tls.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
        answer = b""
        while not answer.endswith(b"hello"):
            answer += insist(lambda: tls.read(65536))


def test_a_client_that_does_not_shake_hands_is_closed_in_time(start, authority):
    server = start("--http-headers-timeout=1")
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        began = time.monotonic()
        assert sock.recv(100) == b""
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x00\x05hello", b"\x00" * 300, b"\xff" * 20000, b"\x16\x03\x03\x00\x00" * 50])
def test_noise_ends_its_own_connection_only(start, authority, noise):
    server = start("--ssl-verbose")
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as sock:
        sock.sendall(noise)
        try:
            while sock.recv(1000):
                pass
        except ConnectionResetError:
            pass
    assert curl(server, authority, "/") == b"hello"


def test_plain_http_is_answered_with_400(start):
    server = start()
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while part := sock.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\na plain HTTP request to a port for HTTPS\n")
    server.wait_for_log("refused: a plain HTTP request to a port for HTTPS")


def test_renegotiation_is_refused(start, authority):
    command = ["openssl", "s_client", "-tls1_2", "-CAfile", authority.certificate, "-connect", "127.0.0.1:%d" % port_of(start())]
    result = subprocess.run([*map(str, command)], input=b"R\n", capture_output=True, timeout=30)
    assert b"no renegotiation" in result.stderr or b"RENEGOTIATING" in result.stdout + result.stderr and result.returncode != 0, result


def first_flight(context):
    """What a client says first."""
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def converse(server, context, seed):
    chance = random.Random(seed)
    pieces = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /large?3000000 HTTP/1.1\r\nHost: x\r\n\r\n", b"bad\r\n\r\n",
              b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"y" * 100000, b"GET /vars HTTP/1.0\r\n\r\n"]
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=0.2) as raw:
        if chance.random() < 0.3:
            flight = bytearray(first_flight(context))
            if chance.random() < 0.5:
                flight[chance.randrange(len(flight))] ^= 0xFF
            raw.sendall(flight[: chance.randrange(1, len(flight) + 1)])
            raw.recv(1000) if chance.random() < 0.5 else None
            return
        sock = context.wrap_socket(raw, server_hostname="localhost")
        for _ in range(chance.randrange(1, 5)):
            sock.sendall(chance.choice(pieces))
            if chance.random() < 0.6:
                sock.recv(chance.choice([1, 1000, 100000]))
        ending = chance.random()
        if ending < 0.3:
            with socket.socket(fileno=sock.detach()) as bare:
                bare.sendall(b"what is no record" * 10)
        elif ending < 0.5:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        elif ending < 0.7:
            sock.unwrap()
        sock.close()


def test_random_conversations_leave_the_gateway_whole(start, authority):
    server = start("--http-timeout=2", "--http-headers-timeout=1", workers=2)
    gateway, context = process_of(server, "http"), trusting(authority)
    for seed in range(100):
        try:
            converse(server, context, seed)
        except OSError:
            pass
    assert curl(server, authority, "/") == b"hello"
    assert process_of(server, "http") == gateway
    assert "died" not in server.log, server.log


# ---- certificates


@pytest.mark.parametrize("demanded", [False, True])
def test_applications_learn_of_a_clients_certificate(start, authority, tmp_path, demanded):
    client = make_certificate(tmp_path, authority, "somebody")
    server = start("--https-export-cert", rest=",,%s%s" % ("!" if demanded else "", authority.certificate))
    with TlsWire(server, trusting(authority, client)) as wire:
        variables = wire.variables_as_bytes()
        wire.get()
        assert wire.response().body == b"hello"
    text = client.certificate.read_text()
    assert b"HTTPS_DN=/O=Tests/CN=somebody\n" in variables
    assert b"HTTPS_CC=" + text.encode() in variables
    der = ssl.PEM_cert_to_DER_cert(text).split(b"\0")[0]  # the probe tells texts
    assert b"HTTPS_CLIENT_CERTIFICATE=" + der in variables
    if demanded:
        with pytest.raises(OSError), TlsWire(server, trusting(authority)) as wire:
            wire.get()
            wire.response()
    else:
        with TlsWire(server, trusting(authority)) as wire:
            assert "HTTPS_DN" not in wire.variables()


def test_a_certificate_of_another_authority_is_refused(start, authority, tmp_path):
    stranger = make_certificate(tmp_path, make_authority(tmp_path, "other"), "stranger")
    server = start(rest=",,%s" % authority.certificate)
    with pytest.raises(OSError), TlsWire(server, trusting(authority, stranger)) as wire:
        wire.get()
        wire.response()


def test_server_names_have_their_own_certificates(start, authority, tmp_path):
    named = make_certificate(tmp_path, authority, "one.example")
    (tmp_path / "names").mkdir()
    make_certificate(tmp_path / "names", authority, "two.example")
    server = start("--sni", "one.example %s" % named.option, "--sni-dir", tmp_path / "names")
    context = trusting(authority)
    context.set_alpn_protocols(["http/1.1"])
    for name in ("localhost", "one.example", "two.example"):
        with TlsWire(server, context, name) as wire:  # it checks the name
            assert wire.sock.selected_alpn_protocol() == "http/1.1"
            wire.get()
            assert wire.response().body == b"hello"


def test_a_reload_reads_the_certificate_again(start, authority, tmp_path, pair):
    server = start()

    def serial():
        with TlsWire(server, trusting(authority)) as wire:
            return wire.sock.getpeercert()["serialNumber"]

    first = serial()
    pair.certificate.write_text("no certificate")  # refused by the trial: the old one serves on
    server.signal(signal.SIGHUP)
    server.wait_for_log("reload failed")
    assert serial() == first
    make_certificate(tmp_path, authority)
    server.signal(signal.SIGHUP)
    wait_until(lambda: serial() != first)


@pytest.mark.parametrize("broken", ["no certificate", "no key", "another key", "no PEM", "encrypted key"])
def test_a_start_without_a_good_certificate_fails(tmp_path, authority, pair, broken):
    if broken == "no certificate":
        pair.certificate.unlink()
    elif broken == "no key":
        pair.key.unlink()
    elif broken == "another key":
        pair.key.write_bytes(make_certificate(tmp_path, authority, "other").key.read_bytes())
    elif broken == "no PEM":
        pair.certificate.write_text("no certificate")
    else:
        key = pair.key.read_bytes()
        subprocess.run(["openssl", "pkey", "-aes128", "-passout", "pass:secret", "-out", str(pair.key)], input=key, check=True, capture_output=True)
    result = run(tmp_path, "--plugin", PROBE, "--https", "127.0.0.1:0,%s" % pair.option)
    assert result.returncode == 79
    file = pair.certificate if broken in ("no certificate", "no PEM") else pair.key
    what = "the certificates in %s: " % file if file == pair.certificate else "the key in %s: " % file
    assert len([line for line in result.stdout.splitlines() if "TLS: 127.0.0.1:0: read " + what in line]) == 1, result.stdout
    assert "start plugin 'https': its init hook failed" in result.stdout


@pytest.mark.parametrize("option, form", [
    ("--https=127.0.0.1:0,cert.pem", "https = '127.0.0.1:0,cert.pem': it is written ADDRESS,CERT,KEY[,CIPHERS[,CLIENT_CA]]"),
    ("--https2=addr=127.0.0.1:0,cert=c.pem", "https2 = 'addr=127.0.0.1:0,cert=c.pem': it is written addr=ADDRESS,cert=CERT,key=KEY[,ciphers=…][,clientca=…]"),
])
def test_an_address_without_a_key_is_refused(tmp_path, option, form):
    result = run(tmp_path, "--plugin", PROBE, option)
    assert result.returncode == 64
    assert form in result.stdout


# ---- beside other things


def test_http_is_redirected_to_https(start, authority):
    server = start("--http-to-https=127.0.0.1:0", "--http-to-https=127.0.0.1:0,8443")
    ports = re.findall(r"http gateway on http://127.0.0.1:(\d+)", server.wait_for_log(r"(http gateway on http://.*\n.*){2}").group(0))

    def location(port, host, target="/a%20b?c=d", method="GET"):
        with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as sock:
            sock.sendall(b"%s %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (method.encode(), target.encode(), host.encode()))
            answer = b""
            while part := sock.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 301 Moved Permanently\r\n")
        return re.search(r"Location: (\S+)\r\n", answer.decode()).group(1)

    assert location(ports[0], "x.example:8000") == "https://x.example:%d/a%%20b?c=d" % port_of(server)
    assert location(ports[0], "x.example") == "https://x.example/a%20b?c=d"
    assert location(ports[0], "x.example", "http://x.example/abs") == "https://x.example/abs"
    assert location(ports[0], "x.example", "*", "OPTIONS") == "https://x.example/"
    assert location(ports[1], "x.example") == "https://x.example:8443/a%20b?c=d"
    assert location(ports[1], "[::1]:80") == "https://[::1]:8443/a%20b?c=d"


def test_a_proxy_header_comes_before_tls(start, authority):
    server = start("--http-enable-proxy-protocol")
    raw = socket.create_connection(("127.0.0.1", port_of(server)), timeout=10)
    raw.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n")
    with trusting(authority).wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(b"GET /vars HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := sock.recv(65536):
            answer += part
    assert b"REMOTE_ADDR=192.0.2.1\n" in answer
    assert b"HTTPS=on\n" in answer


def test_an_upgraded_connection_is_passed_through(start, authority):
    with TlsWire(start(), trusting(authority)) as wire:
        wire.get("/upgrade", headers="Connection: Upgrade\r\nUpgrade: capitals\r\n")
        assert wire.head().status == 101
        for word in (b"one", b"two" * 10000):
            wire.send(word)
            assert wire._bytes(len(word)) == word.upper()


def test_a_client_that_does_not_read_hinders_nobody(start, authority):
    server = start("--http-response-buffering=0")
    with TlsWire(server, trusting(authority)) as slow:
        slow.get("/large?20000000")
        for _ in range(5):
            began = time.monotonic()
            assert curl(server, authority, "/") == b"hello"
            assert time.monotonic() - began < 5
        answer = slow.response()
        assert len(answer.body) == 20_000_000


def test_requests_in_flight_are_answered_when_the_server_stops(start, authority):
    server = start()
    with TlsWire(server, trusting(authority)) as busy, TlsWire(server, trusting(authority)) as idle:
        idle.get()
        idle.response()
        busy.get("/sleep?500")
        busy_answer = []
        reader = threading.Thread(target=lambda: busy_answer.append((busy.response(), busy.at_end())))
        reader.start()
        wait_until(lambda: server_is_busy(server))
        server.signal(signal.SIGTERM)
        reader.join()
        answer, ended = busy_answer[0]
        assert answer.body == b"awake" and answer.closes and ended
        assert idle.at_end()


def server_is_busy(server):
    """Whether a worker has the request: its thread sleeps in it."""
    pid = int(re.search(r"worker 1 \(pid (\d+)\) started", server.log).group(1))
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/wchan" % (pid, task)) as wchan:
            if "nanosleep" in wchan.read():
                return True
    return False
