"""Many clients at a time that want little, or nothing, or never take what they asked for: others do not notice them."""

import os
import resource
import socket
import statistics
import time

import pytest

from http_wire import WAYS, Wire, process_of, start_probe
from mortise import wait_until


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def many_descriptors():
    """As many as the system gives; then their number."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def private_bytes(pid):
    with open("/proc/%d/smaps_rollup" % pid) as rollup:
        return 1024 * sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))


def is_sanitized(pid):
    with open("/proc/%d/maps" % pid) as maps:
        return "san.so" in maps.read()


def middle_time(wire, count=200):
    """Seconds that most requests take."""
    times = []
    for _ in range(count):
        began = time.monotonic()
        wire.get()
        assert wire.response().body == b"hello"
        times.append(time.monotonic() - began)
    return statistics.median(times)


def processor_time(pid, wire, count=500):
    """Seconds that a process needs for a request, whatever else the machine does."""

    def used():
        total = 0
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as schedstat:
                total += int(schedstat.read().split()[0])
        return total / 1e9

    before = used()
    middle_time(wire, count)
    return (used() - before) / count


@pytest.mark.parametrize("way", WAYS)
def test_idle_connections_cost_little_memory_and_no_time(mortise, many_descriptors, way):
    count = min(10_000, many_descriptors // 2 - 500)
    server = start_probe(mortise, "--disable-logging")
    pid = process_of(server, "http" if way == "gateway" else "worker 1")
    with Wire(server, way) as other:
        alone, before = processor_time(pid, other), private_bytes(pid)
        idle, address = [], other.sock.getpeername()
        while len(idle) < count:  # a turn of the processor serves many
            some = [socket.create_connection(address, timeout=20) for _ in range(200)]
            for sock in some:
                sock.sendall(REQUEST)
            assert all(sock.recv(1000).endswith(b"hello") for sock in some)
            idle += some
        assert is_sanitized(pid) or private_bytes(pid) - before <= 2048 * len(idle)
        assert processor_time(pid, other) < 3 * alone + 0.0001
        for sock in idle[::100]:  # they are still served
            sock.sendall(REQUEST)
            assert sock.recv(1000).endswith(b"hello")
    for sock in idle:
        sock.close()


def test_clients_that_never_read_do_not_delay_others(mortise):
    server = start_probe(mortise, workers=1, threads=1)
    greedy = []
    for _ in range(16):
        wire = Wire(server)
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.get("/large?5000000")
        greedy.append(wire)
    with Wire(server) as other:
        other.get()  # when the only core has made all the answers, which wait on disk
        assert other.response().body == b"hello"
        assert middle_time(other) < 0.05
    for wire in greedy:
        wire.sock.close()
    wait_until(lambda: is_answered(server))


def is_answered(server):
    with Wire(server) as wire:
        wire.get()
        return wire.response().body == b"hello"


def test_a_hundred_answers_to_large_bodies_that_nobody_reads_all_arrive(mortise):
    server = start_probe(mortise, workers=2)
    request = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000
    for _ in range(100):
        with Wire(server) as wire:
            try:
                wire.send(request)  # all of it before it reads: the server has to listen on
            except OSError:
                pass
            answer = wire.response()
            assert (answer.status, answer.body) == (403, b"no")


def test_two_hundred_slow_heads_are_all_cut_with_408(mortise):
    server = start_probe(mortise, "--http-headers-timeout=2", workers=1, threads=1)
    slow = [Wire(server) for _ in range(200)]
    began = time.monotonic()
    for wire in slow:
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
    with Wire(server) as other:
        for line in range(3):
            assert middle_time(other, 20) < 0.5
            for wire in slow:
                wire.send(b"X-%d: slow\r\n" % line)
    for wire in slow:
        assert wire.response().status == 408
        wire.sock.close()
    assert time.monotonic() - began < 10  # two seconds each, not two for one after another
