"""A server announces itself to gateways."""

import os
import signal
import socket
import struct
import subprocess
import time

import pytest
from mortise import BINARY, run, wait_until

HELLO = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""


def pairs(packet):
    """(modifier1, modifier2, variables) of a packet of the uwsgi protocol."""
    modifier1, size, modifier2 = struct.unpack("<BHB", packet[:4])
    assert size == len(packet) - 4
    words, rest = [], packet[4:]
    while rest:
        (length,) = struct.unpack("<H", rest[:2])
        words.append(rest[2 : 2 + length].decode())
        rest = rest[2 + length :]
    return modifier1, modifier2, dict(zip(words[::2], words[1::2]))


def listener():
    gateway = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    gateway.bind(("127.0.0.1", 0))
    gateway.settimeout(10)
    return gateway, "127.0.0.1:%d" % gateway.getsockname()[1]


def test_a_server_says_hello_when_its_application_is_there_and_goodbye_when_it_stops(wsgi):
    gateway, address = listener()
    with gateway:
        server = wsgi(HELLO, "--subscribe-to", address + ":example.com:8080")
        modifier1, command, told = pairs(gateway.recv(4096))
        assert (modifier1, command) == (224, 0)
        assert told["key"] == "example.com:8080"
        assert told["address"] in server.log
        assert told["cores"] == "1" and told["weight"] == "1"
        assert "application from" in server.log
        server.stop()
        assert pairs(gateway.recv(4096))[1] == 1


def test_the_long_form_says_what_the_gateway_should_know(wsgi):
    gateway, address = listener()
    with gateway:
        wsgi(HELLO, "--subscribe2", "server=%s,key=k,addr=10.0.0.9:3031,weight=5,modifier1=7,backup=2" % address)
        told = pairs(gateway.recv(4096))[2]
        assert (told["address"], told["weight"], told["modifier1"], told["backup"]) == ("10.0.0.9:3031", "5", "7", "2")


def test_the_announcement_is_repeated(wsgi):
    gateway, address = listener()
    with gateway:
        wsgi(HELLO, "--subscribe-to", address + ":k", "--subscribe-freq", "1")
        assert pairs(gateway.recv(4096)) == pairs(gateway.recv(4096))


def test_a_target_without_a_key_is_refused():
    result = subprocess.run(
        [BINARY, "--http-socket", "127.0.0.1:0", "--no-need-app", "--subscribe-to", "127.0.0.1:7000"],
        capture_output=True, text=True, timeout=20,
    )
    assert result.returncode == 64
    assert "subscribe-to = 127.0.0.1:7000: no key (write gateway:key, 127.0.0.1:7000:example.com)" in result.stderr


# ---- the gateway that they announce themselves to ----


def router(mortise, *args):
    """A gateway with no application, and where servers announce themselves to it."""
    server = mortise("--http", "127.0.0.1:0", "--http-subscription-server", "127.0.0.1:0", *args)
    return server, server.wait_for_log(r"servers announce themselves at (\S+)").group(1)


def answer_of(name):
    return "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [('%s ' + environ['HTTP_HOST']).encode()]\n" % name


def node(mortise, address, key, name, *args):
    return mortise("--socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--subscribe-to", "%s:%s" % (address, key), "--subscribe-freq", "1", *args, files={"app.py": answer_of(name)})


def ask_host(server, host, **kwargs):
    return server.get(headers={"Host": host}, **kwargs)


def test_requests_go_to_the_server_that_announced_itself_for_their_host(mortise):
    gateway, address = router(mortise, "--subscription-tolerance", "2", "--subscription-dotsplit", "--http-subscription-fallback-key", "rest")
    nodes = {name: node(mortise, address, name, name) for name in ("A.com", "b.com:81", ".c.com", "rest")}
    gateway.wait_for_log("new node", count=4)  # who is asked for too early is logged, and that only a few times a second
    for host, name in (("a.com", "A.com"), ("A.com:99", "A.com"), ("b.com:81", "b.com:81"), ("deep.er.c.com", ".c.com"), ("b.com", "rest"), ("x.org", "rest")):
        wait_until(lambda: ask_host(gateway, host).text == "%s %s" % (name, host), what="%s is answered by %s" % (host, name))
    nodes["rest"].stop()
    wait_until(lambda: "rest: node" in gateway.log and "removed" in gateway.log)
    wait_until(lambda: ask_host(gateway, "x.org").status == 503, 20)
    gateway.wait_for_log(r"GET / from 127.0.0.1: no server has announced itself for x.org \(answered 503\)")
    assert ask_host(gateway, "a.com").text == "A.com a.com"


def test_servers_of_one_key_share_its_requests_and_one_that_died_gets_none(mortise):
    gateway, address = router(mortise)
    first, second = (node(mortise, address, "a.com", name) for name in ("one", "two"))
    told = set()
    wait_until(lambda: told.add(ask_host(gateway, "a.com").text) or told == {"one a.com", "two a.com"})
    first.kill()
    first.process = None
    first.stop = lambda: None
    # One that it had in hand, or its worker until that finds the master gone, may still have a request.
    wait_until(lambda: {ask_host(gateway, "a.com").text for _ in range(20)} == {"two a.com"})


@pytest.mark.parametrize("processes", [1, 3])
def test_no_request_is_lost_when_the_gateway_is_reloaded(mortise, processes):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    gateway = mortise("--http", "127.0.0.1:0", "--http-subscription-server", address, "--http-processes", processes)
    node(mortise, address, "a.com", "one")
    for _ in range(10):  # some process may not have heard of it yet: it waits then
        assert ask_host(gateway, "a.com", timeout=20).text == "one a.com"
    gateway.signal(signal.SIGHUP)
    while "reload done" not in gateway.log:
        assert ask_host(gateway, "a.com", timeout=20).text == "one a.com"
    gateway.wait_for_log("servers announce themselves at", count=2)
    for _ in range(10):
        assert ask_host(gateway, "a.com", timeout=20).text == "one a.com"


def test_an_address_that_another_program_has_ends_the_start(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        done = run(tmp_path, "--http", "127.0.0.1:0", "--http-subscription-server", "127.0.0.1:%d" % taken.getsockname()[1])
    assert done.returncode == 69 and "Address already in use" in done.stdout


def keys(folder):
    for name in ("a.com", "other"):
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", folder / (name + ".key")], check=True, capture_output=True)
    (folder / "public").mkdir()
    subprocess.run(["openssl", "pkey", "-in", folder / "a.com.key", "-pubout", "-out", folder / "public/a.com.pem"], check=True)


@pytest.mark.parametrize("key, good", [("a.com", True), ("other", False), (None, False)])
def test_announcements_must_be_signed_where_that_is_asked_for(mortise, tmp_path, key, good):
    keys(tmp_path)
    gateway, address = router(mortise, "--subscriptions-sign-check", "SHA256:%s/public" % tmp_path, "--subscription-tolerance", "2")
    node(mortise, address, "a.com" + (",SHA256:%s/%s.key" % (tmp_path, key) if key else ""), "one")
    if good:
        wait_until(lambda: ask_host(gateway, "a.com").text == "one a.com")
    else:
        gateway.wait_for_log(r"\[subscription\] a.com refused: its signature is not good, or its sender is not who may")
        assert ask_host(gateway, "a.com").status == 503


def test_a_signed_announcement_that_was_recorded_is_of_no_use_later(mortise, tmp_path):
    keys(tmp_path)
    gateway, address = router(mortise, "--subscriptions-sign-check", "SHA256:%s/public" % tmp_path, "--subscriptions-sign-check-tolerance", "1", "--subscription-tolerance", "2")
    recorder, recorded = listener()
    with recorder:
        node(mortise, recorded, "a.com,SHA256:%s/a.com.key" % tmp_path, "one")
        packet = recorder.recv(4096)
    time.sleep(3)  # what it takes to be old
    host, port = address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(packet, (host, int(port)))
    gateway.wait_for_log(r"a.com refused")


def test_a_private_key_that_is_none_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--no-need-app", "--subscribe-to", "127.0.0.1:7000:a.com,SHA256:/no/key")
    assert done.returncode == 64 and "subscribe-to: SHA256:/no/key: not ALGORITHM:FILE of a private key in PEM form" in done.stdout


@pytest.mark.parametrize("owner, good", [(os.geteuid(), True), (os.geteuid() + 1000, False)])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_system_says_who_announces_itself(mortise, tmp_path, owner, good):
    path = tmp_path / "announce.sock"
    (tmp_path / "who").mkdir()
    (tmp_path / "who/a.com").touch()
    os.chown(tmp_path / "who/a.com", owner, owner)
    gateway = mortise("--http", "127.0.0.1:0", "--http-subscription-server", path, "--subscriptions-credentials-check", tmp_path / "who", "--subscription-tolerance", "2")
    gateway.wait_for_log("servers announce themselves at")
    node(mortise, path, "a.com", "one")
    if good:
        wait_until(lambda: ask_host(gateway, "a.com").text == "one a.com")
    else:
        gateway.wait_for_log("a.com refused")
        assert ask_host(gateway, "a.com").status == 503


@pytest.mark.parametrize("uid, good", [(os.geteuid(), True), (os.geteuid() + 1, False)])
def test_a_user_may_be_trusted_without_a_signature(mortise, tmp_path, uid, good):
    keys(tmp_path)
    path = tmp_path / "announce.sock"
    gateway = mortise("--http", "127.0.0.1:0", "--http-subscription-server", path, "--subscriptions-sign-check", "SHA256:%s/public" % tmp_path, "--subscriptions-sign-skip-uid", uid)
    gateway.wait_for_log("servers announce themselves at")
    node(mortise, path, "a.com", "one")
    gateway.wait_for_log("a.com: new node" if good else "a.com refused")


def test_datagrams_that_are_none_are_left_out(mortise):
    gateway, address = router(mortise, "--subscription-tolerance", "1")
    host, port = address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in (b"", b"x", b"\xe0\x18\x00\x00\x03\x00key\x03\x00a\nb\x07\x00address\x01\x00c", b"\xe0\xff\xff\x00", b"\xe0\x04\x00\x00\x03\x00ke", b"\xe0\x08\x00\x00\x03\x00key\x01\x00a", bytes(5000)):
            sender.sendto(packet, (host, int(port)))
    gateway.wait_for_log("no announcement|without key and address")
    assert "new node" not in gateway.log
    wait_until(lambda: ask_host(gateway, "a.com").status == 503, 20)
