"""The gateway: what becomes of requests when workers are busy, die, or are somewhere else."""

import os
import re
import signal
import socket
import struct
import threading
import time

import pytest

from http_wire import Wire, process_of, start_probe, wait_for_answer
from mortise import open_files, runs, wait_until


def fetch(server, path):
    with Wire(server) as wire:
        wire.get(path)
        return wire.response()


def in_parallel(count, function):
    results = [None] * count
    threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, function())) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_dead_worker_is_502_and_the_next_request_is_served(mortise):
    server = start_probe(mortise)
    began = time.monotonic()
    answer = fetch(server, "/die")
    assert answer.status == 502
    assert answer.closes
    assert time.monotonic() - began < 3  # and no time-out was waited for
    server.wait_for_log(r"http: GET /die from 127.0.0.1: worker 1 closed the connection \(answered 502\)")
    wait_for_answer(server)


def test_a_worker_that_dies_within_its_answer_cuts_the_connection(mortise):
    server = start_probe(mortise)
    with Wire(server) as wire:
        wire.get("/die-midway")
        with pytest.raises(EOFError):
            wire.response()
    server.wait_for_log("http: GET /die-midway from 127.0.0.1: the answer is cut short: worker 1 closed the connection")


def test_only_the_request_at_work_is_lost_when_a_worker_is_killed(mortise):
    server = start_probe(mortise, workers=2, threads=1)
    statuses = []
    stop = threading.Event()

    def load():
        while not stop.is_set():
            with Wire(server) as wire:
                for _ in range(20):
                    wire.get("/")
                    answer = wire.response()
                    statuses.append(answer.status)
                    if answer.closes:
                        break

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for worker in (1, 2, 1, 2):
        seen = len(statuses)
        wait_until(lambda: len(statuses) > seen + 200)
        os.kill(process_of(server, "worker %d" % worker), signal.SIGKILL)
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 502}
    assert statuses.count(502) <= 4


def test_requests_wait_for_the_worker_that_is_free_first(mortise):
    server = start_probe(mortise, workers=2, threads=1)
    slow = threading.Thread(target=fetch, args=(server, "/sleep?3000"))
    slow.start()
    server_began = time.monotonic()
    assert all(answer.status == 200 for answer in in_parallel(20, lambda: fetch(server, "/sleep?5")))
    assert time.monotonic() - server_began < 2.9
    slow.join()


def test_all_cores_work_at_the_same_time(mortise):
    server = start_probe(mortise, workers=2, threads=4)
    began = time.monotonic()
    assert all(answer.status == 200 for answer in in_parallel(8, lambda: fetch(server, "/sleep?1000")))
    assert time.monotonic() - began < 1.9


def test_connections_to_workers_are_used_again(mortise):
    server = start_probe(mortise)
    with Wire(server) as wire:
        for _ in range(50):
            wire.get("/")
            wire.response()
    sockets = [path for path in open_files(process_of(server, "worker 1")) if path.startswith("socket:")]
    assert len(sockets) < 12


def test_no_answer_within_http_timeout_is_504(mortise):
    server = start_probe(mortise, "--http-timeout=1")
    began = time.monotonic()
    assert fetch(server, "/sleep?5000").status == 504
    assert 0.9 < time.monotonic() - began < 4
    server.wait_for_log(r"worker 1: nothing within --http-timeout \(answered 504\)")


def test_no_free_worker_within_http_timeout_is_503(mortise):
    server = start_probe(mortise, "--http-timeout=1", threads=1)
    busy = threading.Thread(target=fetch, args=(server, "/sleep?2500"))
    busy.start()
    time.sleep(0.3)
    assert fetch(server, "/").status == 503
    busy.join()


def test_a_body_that_stops_coming_is_408(mortise):
    server = start_probe(mortise, "--http-timeout=1")
    with Wire(server) as wire:
        wire.get("/count", method="POST", headers="Content-Length: 10\r\n")
        wire.send(b"abc")
        assert wire.response().status == 408


def test_a_client_that_leaves_frees_its_worker(mortise):
    server = start_probe(mortise, threads=1)
    with Wire(server) as wire:
        wire.get("/large?1000000000")
        wire.head()
    began = time.monotonic()
    assert fetch(server, "/").status == 200
    assert time.monotonic() - began < 2


def test_a_stop_lets_requests_finish(mortise):
    server = start_probe(mortise)
    with Wire(server) as busy, Wire(server) as idle:
        idle.get("/")
        idle.response()
        busy.get("/sleep?800")
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        answer = busy.response()
        assert answer.body == b"awake"
        assert answer.closes
        assert idle.at_end()
    assert server.process.wait(5) == 0


def test_a_gateway_without_its_master_finishes_and_ends(mortise):
    server = start_probe(mortise)
    gateway = process_of(server, "http")
    with Wire(server) as busy:
        busy.get("/sleep?800")
        time.sleep(0.2)
        server.process.kill()
        assert busy.response().body == b"awake"
    wait_until(lambda: not runs(gateway))
    server.stop = server.kill


def test_an_address_in_use_is_a_clear_error(mortise, tmp_path):
    from mortise import run

    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run(tmp_path, "--http", "127.0.0.1:%d" % taken.getsockname()[1])
    assert result.returncode == 69
    assert "Address already in use" in result.stdout


def test_the_address_is_told_as_a_link(mortise):
    server = start_probe(mortise, "--http", "0.0.0.0:0")
    assert re.search(r"http gateway on http://127\.0\.0\.1:\d+ \(1 worker\)", server.log)


def test_more_connections_than_descriptors_wait(mortise):
    server = start_probe(mortise, "--max-fd=256")
    gateway = process_of(server, "http")
    crowd = [Wire(server) for _ in range(400)]
    for wire in crowd:
        wire.send(b"GET / HTTP/1.1\r\n")
    server.wait_for_log("new connections wait until others end")
    ticks = lambda: sum(map(int, open("/proc/%d/stat" % gateway).read().split()[13:15]))
    before = ticks()
    time.sleep(2)
    assert ticks() - before <= 10  # 5 % of two seconds
    crowd[0].send(b"Host: x\r\n\r\n")
    assert crowd[0].response().status == 200
    for wire in crowd:
        wire.sock.close()
    wait_for_answer(server)
    assert server.log.count("new connections wait until others end") == 1


class UwsgiServer:
    """What --http-to talks to: reads a packet and a body, sends the given answer, closes."""

    def __init__(self, answer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.answer = answer
        self.variables = {}
        self.modifiers = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            sock, _ = self.listener.accept()
            with sock, sock.makefile("rb") as stream:
                modifier1, size, modifier2 = struct.unpack("<BHB", stream.read(4))
                self.modifiers = (modifier1, modifier2)
                block, at, words = stream.read(size), 0, []
                while at < len(block):
                    (length,) = struct.unpack_from("<H", block, at)
                    words.append(block[at + 2 : at + 2 + length].decode())
                    at += 2 + length
                self.variables = dict(zip(words[::2], words[1::2]))
                stream.read(int(self.variables.get("CONTENT_LENGTH") or 0))
                sock.sendall(self.answer)


def test_http_to_forwards_to_another_server(mortise):
    upstream = UwsgiServer(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nfrom afar")
    server = start_probe(mortise, "--http-to", upstream.address, "--http-modifier1", 5, "--http-modifier2", 7, "--http-var", "ZONE=a=b")
    with Wire(server) as wire:
        for _ in range(2):
            wire.post("/x?y", b"abc")
            answer = wire.response()
            assert answer.version == "HTTP/1.1"
            assert answer.headers["transfer-encoding"] == "chunked"
            assert answer.body == b"from afar"
    assert upstream.modifiers == (5, 7)
    assert upstream.variables["ZONE"] == "a=b"
    assert upstream.variables["REQUEST_URI"] == "/x?y"
    with Wire(server) as wire:
        wire.get("/", version="1.0")
        answer = wire.response()
        assert "transfer-encoding" not in answer.headers
        assert answer.body == b"from afar"


def test_chunks_of_another_server_are_decoded_for_http_1_0(mortise):
    upstream = UwsgiServer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    server = start_probe(mortise, "--http-to", upstream.address)
    with Wire(server) as wire:
        wire.get("/", version="1.0")
        assert wire.response().body == b"abcde"
    with Wire(server) as wire:
        for _ in range(2):
            wire.get("/")
            assert wire.response().body == b"abcde"


def test_an_answer_that_is_not_http_is_502(mortise):
    upstream = UwsgiServer(b"Status: 200 OK\r\n\r\n")
    server = start_probe(mortise, "--http-to", upstream.address)
    assert fetch(server, "/").status == 502
    server.wait_for_log("127.0.0.1:[0-9]+ answered with .* .answered 502.")


def test_another_server_that_is_absent_is_502(mortise):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
    server = start_probe(mortise, "--http-to", address)
    assert fetch(server, "/").status == 502
    server.wait_for_log(r"connect to 127.0.0.1:\d+: connection refused \(answered 502\)")


def test_two_gateway_processes_share_the_address(mortise):
    server = start_probe(mortise, "--http-processes=2")
    server.wait_for_log(r"http \d \(pid \d+\) started|http \(pid \d+\) started")
    assert all(answer.status == 200 for answer in in_parallel(20, lambda: fetch(server, "/")))
