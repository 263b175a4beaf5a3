"""A server announces itself to gateways."""

import socket
import struct
import subprocess

from mortise import BINARY

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
