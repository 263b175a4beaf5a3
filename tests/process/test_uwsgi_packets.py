"""Packets of the uwsgi protocol that are not as they should be: an answer and a line in the log for each."""

import struct

import pytest

from mortise import BUILD, read_all

REPORT = BUILD / "fixtures" / "http_report_plugin.so"


@pytest.fixture
def server(mortise):
    return mortise("--plugin", REPORT, "--socket=127.0.0.1:0", "--buffer-size=8192", "--max-vars=32")


def send(server, packet):
    with server.connect("uwsgi") as sock:
        sock.sendall(packet)
        return read_all(sock)


def packet(block, modifier1=0):
    return struct.pack("<BHB", modifier1, len(block), 0) + block


def pair(name, value):
    return b"".join(struct.pack("<H", len(text)) + text for text in (name, value))


@pytest.mark.parametrize("length", [b"5x", b"-1", b"+5", b" 5", b"0x5", b"99999999999999999999999"])
def test_a_length_that_is_no_number_is_refused(server, length):
    assert send(server, packet(pair(b"CONTENT_LENGTH", length)) + b"hello").startswith(b"HTTP/1.1 400 ")
    server.wait_for_log(r"malformed uwsgi packet \(answered 400\)")


@pytest.mark.parametrize("length, body", [(b"5", b"hello"), (b"", b"")])
def test_a_good_length_frames_the_body(server, length, body):
    answer = send(server, packet(pair(b"REQUEST_METHOD", b"POST") + pair(b"CONTENT_LENGTH", length)) + body)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"CONTENT_LENGTH=" + length + b"\n" + body)


def test_more_variables_than_allowed_are_answered_431(server):
    assert send(server, packet(pair(b"A", b"b") * 33)).startswith(b"HTTP/1.1 431 ")
    server.wait_for_log(r"more variables than --max-vars \(answered 431\)")


def test_a_packet_larger_than_the_buffer_is_answered_431(server):
    assert send(server, struct.pack("<BHB", 0, 9000, 0)).startswith(b"HTTP/1.1 431 ")


def test_a_block_that_points_outside_itself_is_answered_400(server):
    assert send(server, packet(b"\xff\xffA")).startswith(b"HTTP/1.1 400 ")


def test_modifiers_that_nobody_serves_do_not_flood_the_log(server):
    for _ in range(200):
        send(server, packet(b"", modifier1=77))
    assert 1 <= server.log.count("no plugin for modifier 77") <= 5
