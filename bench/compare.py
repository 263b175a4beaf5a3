"""Side by side: each workload, the servers in turns, medians and ratios. See bench/run for how it is called."""

import argparse
import datetime
import os
import pathlib
import platform
import statistics
import sys
import tempfile

import instructions
from load import CLOSE, PACED, POST, measure
from peers import PEERS, Setting, build_plugins, is_there, versions
from processes import Server, clean_environment, free_port

SERVER_CPU, LOAD_CPU = {0}, {1}
FAST = ("bjoern", "fastwsgi")
STATIC = ("mortise-static-python", "mortise-in-python")  # where they were built; goals are for the fastest of ours
WSGI = (*STATIC, "uwsgi", "uwsgi-http11", *FAST, "gunicorn", "granian", "uvicorn", "waitress")
GATEWAYS = ("uwsgi-gateway", "uwsgi-gateway-keepalive", "nginx-uwsgi")


class Workload:
    def __init__(self, title, peers, connections=32, ours="mortise", path="/", arguments=(), script=None, pinned=True, paced=None, goals=(), **setting):
        self.title, self.peers, self.connections, self.path = title, (ours, *peers), connections, path
        self.arguments, self.script, self.pinned, self.paced, self.goals, self.setting = arguments, script, pinned, paced, goals, setting


# Goals: (peer, "rate", "cpu" or "p99", what ours must at least, or at most, be of theirs). paced: by this server's capacity, of which
# all get 0.8.
WORKLOADS = {
    "plugin-32": Workload("C plugin, keep-alive, 32 connections", ("uwsgi", "nginx-return", "bare-epoll"), plugin=True, goals=[("nginx-return", "cpu", 1.05), ("uwsgi", "rate", 4)]),
    "plugin-256": Workload("C plugin, keep-alive, 256 connections", ("uwsgi", "nginx-return", "bare-epoll"), 256, plugin=True, goals=[("nginx-return", "cpu", 1.05), ("uwsgi", "rate", 4)]),
    "hello-32": Workload("hello, keep-alive, 32 connections", WSGI, goals=[("bjoern", "rate", 1.05), ("fastwsgi", "rate", 1.05)]),
    "hello-256": Workload("hello, keep-alive, 256 connections", WSGI, 256, goals=[("bjoern", "rate", 1.05), ("fastwsgi", "rate", 1.05)]),
    "hello-threads": Workload("hello, keep-alive, 4 threads", ("mortise-one-thread", "uwsgi", "gunicorn", "granian"), threads=4, goals=[("mortise-one-thread", "rate", 0.7)]),
    "hello-workers": Workload("hello, 2 workers, not pinned, 64 connections", ("uwsgi", *FAST, "gunicorn", "granian"), 64, pinned=False, workers=2, goals=[("bjoern", "rate", 1), ("fastwsgi", "rate", 1)]),
    "latency": Workload("hello, keep-alive, 256 connections, at 0.8 of what uWSGI can", ("uwsgi", *FAST, "gunicorn"), 256, paced="uwsgi", goals=[("uwsgi", "p99", 1)]),
    "close": Workload("hello, a connection per request", ("uwsgi", *FAST), arguments=CLOSE, goals=[("uwsgi", "cpu", 0.9)]),
    "post": Workload("POST of 64 KiB", ("uwsgi", *FAST, "gunicorn"), script=POST, callable="post", goals=[("fastwsgi", "rate", 1)]),
    "stream": Workload("1 MiB in pieces of 64 KiB", ("uwsgi", *FAST, "gunicorn"), callable="stream", goals=[("fastwsgi", "rate", 1)]),
    "flask": Workload("Flask, JSON", (*STATIC, "uwsgi", *FAST, "gunicorn", "granian"), module="flask_json", goals=[("bjoern", "rate", 1)]),
    "sleep": Workload("sleep of 50 ms, 16 threads, 64 connections (320 is all)", ("uwsgi", "gunicorn"), 64, threads=16, callable="sleep"),
    "gateway-hello": Workload("gateway, hello, keep-alive", GATEWAYS, ours="mortise-gateway", goals=[("uwsgi-gateway", "rate", 3), ("nginx-uwsgi", "rate", 1.3)]),
    "gateway-post": Workload("gateway, POST of 64 KiB", GATEWAYS, ours="mortise-gateway", script=POST, callable="post", goals=[("uwsgi-gateway", "rate", 10)]),
    "gateway-stream": Workload("gateway, 1 MiB in pieces of 64 KiB", GATEWAYS, ours="mortise-gateway", callable="stream", goals=[("uwsgi-gateway", "rate", 5)]),
    "static": Workload("file of 16 KiB", ("mortise", "uwsgi", "nginx-files"), ours="mortise-gateway", path="/static/16k.bin", files=True, goals=[("nginx-files", "rate", 0.9)]),
}


def one_sample(name, workload, folder, seconds, script=None):
    with tempfile.TemporaryDirectory(dir=folder) as place:
        setting = Setting(folder, free_port(), **workload.setting)
        command = PEERS[name](setting)
        if command is None:
            return None
        cpus, load_cpus = (SERVER_CPU, LOAD_CPU) if workload.pinned and os.cpu_count() > 1 else (None, None)
        environment = clean_environment(PYTHONPATH=str(pathlib.Path(__file__).parent / "apps"))
        with Server(command, pathlib.Path(place) / "log", cpus, environment) as server:
            server.wait_for(setting.port)
            return measure(server, "http://%s%s" % (setting.address, workload.path), workload.connections, seconds, workload.arguments, script or workload.script, load_cpus)


def pace(workload, whole):
    """The script that asks for 0.8 of the requests of this sample."""
    return PACED % round(2 * 1000 * workload.connections / (0.8 * whole.per_second))


def run_workload(workload, folder, rounds, seconds, only):
    """{peer: its samples}; the peers take turns, so that noise meets all of them."""
    samples, broken = {}, set()
    peers = [name for name in workload.peers if is_there(name) and (not only or name in only)]
    script = workload.paced and is_there(workload.paced) and pace(workload, one_sample(workload.paced, workload, folder, seconds))
    for _ in range(rounds):
        for name in peers:
            if name in broken:
                continue
            try:
                sample = one_sample(name, workload, folder, seconds, script)
            except RuntimeError as failure:
                print("%s: %s" % (name, str(failure).strip().splitlines()[-1]), file=sys.stderr)
                sample = None
            if sample is None:
                broken.add(name)
                continue
            samples.setdefault(name, []).append(sample)
    return samples


def summarise(workload, samples):
    """Lines of a table, and the goals that were missed."""
    lines, figures = [], {}
    for name, taken in samples.items():
        rate = statistics.median(sample.per_second for sample in taken)
        cpu = statistics.median(sample.cpu_us for sample in taken)
        busy = statistics.median(sample.load_busy for sample in taken)
        p99 = [sample.p99_ms for sample in taken if sample.p99_ms]
        figures[name] = (rate, cpu, busy > 0.95, statistics.median(p99) if p99 else 0)
        # Where the load generator was the limit, requests per second say nothing of the server.
        shown = "(load %.0f %%)" % (busy * 100) if busy > 0.95 else "%.0f" % rate
        errors = sum(sample.errors for sample in taken)
        lines.append("| %s | %s | %.1f | %.2f | %d |" % (name, shown, cpu, statistics.median(p99) if p99 else 0, errors))
    ours, missed = next(iter(samples), None), []
    if ours in figures:
        ours = max((ours, *(name for name in STATIC if name in figures)), key=lambda name: figures[name][0])
    for peer, kind, bound in workload.goals:
        if peer not in figures or ours not in figures:
            continue
        mine, theirs = figures[ours], figures[peer]
        if kind == "p99":
            ratio, good = mine[3] / theirs[3], mine[3] <= bound * theirs[3]
            text = "%.2f × the 99th percentile of %s (at most %.2f)" % (ratio, peer, bound)
        elif kind == "rate" and not (mine[2] or theirs[2]):
            ratio, good = mine[0] / theirs[0], mine[0] >= bound * theirs[0]
            text = "%.2f × the requests of %s (at least %.2f)" % (ratio, peer, bound)
        else:  # processor time is what is left to compare
            limit = bound if kind == "cpu" else 1 / bound
            ratio, good = mine[1] / theirs[1], mine[1] <= limit * theirs[1]
            text = "%.2f × the CPU time of %s (at most %.2f)" % (ratio, peer, limit)
        text = "%s: %s" % (ours, text)
        lines.append("\n%s: %s" % ("reached" if good else "**missed**", text))
        if not good:
            missed.append("%s: %s" % (workload.title, text))
    return lines, missed


def footprint(folder):
    """Memory when idle and the time from start to the first answer."""
    import time
    import urllib.request

    print("\n### Footprint and start-up\n\n| | first answer, ms | PSS, MiB |\n|---|---|---|")
    for name, options in (("mortise", {"plugin": True}), ("uwsgi", {"plugin": True}), ("mortise", {}), ("uwsgi", {}), ("mortise-gateway", {}), ("uwsgi-gateway", {}),
                          ("bjoern", {}), ("fastwsgi", {}), ("gunicorn", {}), ("nginx-return", {})):
        if not is_there(name):
            continue
        times, memory = [], 0
        for _ in range(5):
            setting = Setting(folder, free_port(), **options)
            command = PEERS[name](setting)
            if command is None:
                break
            with Server(command, pathlib.Path(folder) / "log", env=clean_environment()) as server:
                began = time.monotonic()
                while True:
                    try:
                        urllib.request.urlopen("http://%s/" % setting.address, timeout=5).read()
                        break
                    except OSError:
                        if server.process.poll() is not None or time.monotonic() - began > 10:
                            break
                        time.sleep(0.001)
                times.append((time.monotonic() - began) * 1000)
                time.sleep(0.3)
                memory = server.memory_kib("Pss")
        if not times:
            continue
        print("| %s%s | %.0f | %.1f |" % (name, ", C plugin" if options else "", statistics.median(times), memory / 1024))


def idle_connections(folder, count=10_000):
    """Private memory of each connection that is open and idle."""
    import resource
    import socket
    import time

    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    count = min(count, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200)
    print("\n### %d idle connections\n\n| | private memory of each, bytes |\n|---|---|" % count)
    for name in ("mortise", "mortise-gateway", "nginx-return"):
        if not is_there(name):
            continue
        setting = Setting(folder, free_port(), plugin=name.startswith("mortise"))
        with Server(PEERS[name](setting), pathlib.Path(folder) / "log", env=clean_environment()) as server:
            server.wait_for(setting.port)
            field = "Private_Clean+Private_Dirty"
            time.sleep(0.5)
            before, sockets = server.memory_kib(field), []
            for _ in range(count):
                sock = socket.create_connection(("127.0.0.1", setting.port))
                sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                sock.recv(4096)
                sockets.append(sock)
            print("| %s | %.0f |" % (name, (server.memory_kib(field) - before) * 1024 / count))
            for sock in sockets:
                sock.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", help="of %s, footprint, idle, instructions; all but the last if none is given" % ", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", action="append", help="this server; may be repeated")
    chosen = parser.parse_args()
    names = chosen.workloads or [*WORKLOADS, "footprint", "idle"]
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        build_plugins(folder)
        (pathlib.Path(folder) / "16k.bin").write_bytes(os.urandom(16384))
        os.chmod(folder, 0o755)
        print("%s, %s, %d processors; %d rounds of %d s\n%s" % (
            datetime.date.today(), platform.platform(), os.cpu_count(), chosen.rounds, chosen.seconds, "\n".join("- " + line for line in versions())))
        for name in names:
            if name in WORKLOADS:
                workload = WORKLOADS[name]
                lines, lost = summarise(workload, run_workload(workload, folder, chosen.rounds, chosen.seconds, chosen.only))
                print("\n### %s\n\n| server | requests/s | CPU µs/request | p99 ms | errors |\n|---|---|---|---|---|\n%s" % (workload.title, "\n".join(lines)), flush=True)
                missed += lost
            elif name == "footprint":
                footprint(folder)
            elif name == "idle":
                idle_connections(folder)
            elif name == "instructions":
                instructions.compare()
            else:
                parser.error("no workload %r" % name)
    if missed:
        print("\nGoals that were missed:\n" + "\n".join("- " + line for line in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
