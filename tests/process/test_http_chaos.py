"""Conversations that no sane client has, from fixed seeds: the server stays whole and serves on."""

import os
import random
import signal
import socket
import struct
import threading

import pytest

from http_wire import WAYS, Wire, process_of, start_probe, wait_for_answer

PIECES = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /large?300000 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /large?300000 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /sleep?20 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000,
    b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde",
    b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"y" * 100000,
    b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: capitals\r\n\r\nshout",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\n",
    b"0\r\n\r\n",
    b"\x00\xff garbage",
]


def converse(server, way, seed):
    chance = random.Random(seed)
    data = bytearray(b"".join(chance.choice(PIECES) for _ in range(chance.randint(1, 6))))
    for _ in range(chance.choice([0, 0, 1, 3])):
        data[chance.randrange(len(data))] = chance.choice(b"\r\n :/\x00aZ0%;,=\xff")
    with Wire(server, way, timeout=0.05) as wire:
        try:
            at = 0
            while at < len(data):
                size = chance.choice([1, 7, 100, 5000, 200000])
                wire.send(bytes(data[at : at + size]))
                at += size
                if chance.random() < 0.2:
                    wire.sock.recv(chance.choice([1, 1000, 100000]))
            if chance.random() < 0.3:
                wire.sock.shutdown(socket.SHUT_WR)
            if chance.random() < 0.7:
                while wire.sock.recv(100000):
                    pass
        except OSError:
            pass
        if chance.random() < 0.4:  # a reset instead of an end
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("way", WAYS)
def test_random_conversations_leave_the_server_whole(mortise, way):
    server = start_probe(mortise, "--http-headers-timeout=1", "--http-timeout=2", workers=2)
    gateway = process_of(server, "http")

    def work(first):
        for seed in range(first, first + 60):
            converse(server, way, seed)

    threads = [threading.Thread(target=work, args=(i * 1000,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for_answer(server, way)
    assert "died" not in server.log, server.log
    assert os.path.exists("/proc/%d" % gateway)


def process_of_newest(server, count):
    """Pid of worker 1 once it was started so many times."""
    return int(server.wait_for_log(r"worker 1 \(pid (\d+)\) started", count=count).group(1))


def test_random_conversations_while_workers_are_killed(mortise):
    server = start_probe(mortise, "--http-headers-timeout=1", "--http-timeout=2", workers=2)
    gateway = process_of(server, "http")
    stop = threading.Event()

    def work(seed):
        while not stop.is_set():
            converse(server, "gateway", seed)
            seed += 1

    threads = [threading.Thread(target=work, args=(i * 1000,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for round in range(5):
        victim = process_of_newest(server, round + 1)
        wait_for_answer(server)
        os.kill(victim, signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()
    wait_for_answer(server)
    assert "http (pid %d) died" % gateway not in server.log
