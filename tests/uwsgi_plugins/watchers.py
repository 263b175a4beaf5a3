"""Plugins that tell somebody else: statistics, logs, alarms; and those that decide how many workers there are."""

import concurrent.futures
import json
import os
import socket
import time
import zlib

from .run import expect, text_of, wait_until


def stats_pusher_file(run):
    server = run.server("--stats-push", "file:path=pushed,freq=1")
    wait_until(lambda: (server.folder / "pushed").exists() and (server.folder / "pushed").stat().st_size > 2, what="a push")
    text = (server.folder / "pushed").read_text()
    stats, _ = json.JSONDecoder().raw_decode(text)
    expect(stats.get("workers") and "pid" in stats, "what was pushed has no workers: %s" % text[:100])


def _metrics_to(run, name, part):
    peer = run.udp()
    server = run.server("--metric", "name=visits,initial_value=7", "--enable-metrics", "--stats-pusher-default-freq", "1",
                        "--stats-push", "%s:%s%s" % (name, peer.address, ",orchard"))
    server.get("/")
    return peer.wait(part, 15)


def stats_pusher_socket(run):
    expect(b"orchard" in _metrics_to(run, "socket", "visits"), "the prefix is missing")


def stats_pusher_statsd(run):
    _metrics_to(run, "statsd", "orchard.visits:7|")


def carbon(run):
    peer = run.tcp()
    server = run.server("--carbon", peer.address, "--carbon-freq", "1", "--carbon-id", "orchard")
    server.get("/")
    peer.wait("orchard", 15)
    peer.wait("requests", 5)


def zabbix(run):
    peer = run.tcp(lambda data: b"ZBXD\x01" + bytes(8))
    run.server("--metric", "name=visits,initial_value=7", "--enable-metrics", "--stats-pusher-default-freq", "1",
               "--stats-push", "zabbix:%s,orchard" % peer.address)
    peer.wait("ZBXD", 15)
    peer.wait("visits", 5)


def rrdtool(run):
    server = run.server("--rrdtool", ".", "--rrdtool-freq", "1", "--metric", "name=visits,initial_value=7")
    file = server.folder / "visits.rrd"
    wait_until(file.exists, what="the metric's file")
    before = file.read_bytes()
    wait_until(lambda: file.read_bytes() != before, 15, "an update of the file")


def _logged(run, logger):
    server = run.server("--logger", logger)
    server.get("/to-be-logged")
    return server


def logfile(run):
    server = _logged(run, "file:out.log")
    wait_until(lambda: "/to-be-logged" in text_of(server.folder / "out.log"), 10, "the request in the file")


def logpipe(run):
    server = _logged(run, "pipe:cat > out.log")
    wait_until(lambda: "/to-be-logged" in text_of(server.folder / "out.log"), 10, "the request in what the command wrote")


def logsocket(run):
    peer = run.udp()
    _logged(run, "socket:" + peer.address)
    peer.wait("/to-be-logged")


def rsyslog(run):
    peer = run.udp()
    _logged(run, "rsyslog:%s,orchard" % peer.address)
    expect(b"orchard" in peer.wait("/to-be-logged"), "the prefix is missing")


def syslog(run):
    path, sock = "/dev/log", socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    expect(not os.path.exists(path), "%s belongs to somebody else" % path)
    sock.bind(path)
    try:
        sock.settimeout(10)
        _logged(run, "syslog:orchard")
        seen = b""
        while b"/to-be-logged" not in seen:
            seen += sock.recv(65536)
        expect(b"orchard" in seen, "the name is missing")
    finally:
        os.unlink(path)
        sock.close()


def redislog(run):
    peer = run.tcp(lambda _data: b":1\r\n")
    _logged(run, "redislog:%s,publish orchard" % peer.address)
    expect(b"orchard" in peer.wait("/to-be-logged"), "the channel is missing")


def graylog2(run):
    peer = run.udp()
    _logged(run, "graylog2:%s,orchard" % peer.address)

    def messages():
        return [json.loads(zlib.decompress(raw), strict=False) for raw in peer.received]
    wait_until(lambda: any("/to-be-logged" in one.get("short_message", "") for one in messages()), what="the message")
    expect(messages()[0]["host"] == "orchard", "the host is missing")


def logcrypto(run):
    peer = run.udp()
    _logged(run, "crypto:addr=%s,algo=aes-128-cbc,secret=0123456789abcdef" % peer.address)
    wait_until(lambda: peer.received, what="a packet")
    expect(b"to-be-logged" not in b"".join(peer.received), "it is not encrypted")


def msgpack(run):
    peer = run.udp()
    server = run.server("--plugin", "%s/logsocket_plugin.so" % run.output, "--logger", "socket:" + peer.address,
                        "--log-encoder", "msgpack map:1|str:line|msg")
    server.get("/to-be-logged")
    expect(b"\x81\xa4line" in peer.wait("/to-be-logged"), "no map of one")


def alarm_curl(run):
    peer = run.http()
    server = run.server("--alarm", "tell curl:http://%s/alarm;method=POST" % peer.address, "--log-alarm", "tell to-be-told")
    server.get("/to-be-told")
    wait_until(lambda: any(b"POST /alarm" in one and b"to-be-told" in one for one in peer.seen), 15, "the alarm")


def curl_cron(run):
    peer = run.http()
    run.server("--curl-cron", "-1 -1 -1 -1 -1 http://%s/by-the-clock" % peer.address)
    wait_until(lambda: any(b"GET /by-the-clock" in one for one in peer.seen), 15, "the request")


def _grows(run, *args):
    server = run.server("--processes", "4", "--cheaper", "1", "--cheaper-initial", "1", *args)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        stop = time.monotonic() + 20
        def ask(_number):
            while time.monotonic() < stop and "worker 2 (pid" not in server.log:
                server.get("/sleep?700", timeout=30)
        list(pool.map(ask, range(8)))
    expect("worker 2 (pid" in server.log, "no second worker was started")


def cheaper_busyness(run):
    _grows(run, "--cheaper-algo", "busyness", "--cheaper-overload", "1", "--cheaper-busyness-verbose")
    run.servers[-1].wait_for_log("busyness")


def cheaper_backlog2(run):
    _grows(run, "--cheaper-algo", "backlog2", "--cheaper-step", "1")


def legion_cache_fetch(run):
    port = run.free_port()
    cache = ("--cache2", "name=pears,items=10,blocksize=100", "--legion-freq", 1)
    run.server(*cache, "--load-file-in-cache", "pears williams", "--socket", "127.0.0.1:%d" % port,
               "--legion", "orchard ../first.sock 1 aes-256-cbc:secret", "--legion-node", "orchard ../second.sock",
               "--legion-scroll", "orchard dump-socket=127.0.0.1:%d" % port, files={"williams": "ripe"})
    second = run.server(*cache, "--legion", "orchard ../second.sock 2 aes-256-cbc:secret", "--legion-node",
                        "orchard ../first.sock", "--legion-node-joined", "orchard legion-cache-fetch:pears",
                        "--route", "^/fetched cache:key=williams,name=pears")
    wait_until(lambda: second.get("/fetched").text == "ripe", what="the item of the other server")
