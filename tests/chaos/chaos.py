#!/usr/bin/env python3
"""chaos.py SECONDS: one server under load, one fault after another, and a table of what each of them lost.

Faults that must lose nothing fail the run when they do; kills may lose what was in flight where they hit. At the end
the master must have as many descriptors, children and as much memory as in the beginning. Which server: as the tests.
"""

import collections
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "process"))

from kills import kill_workers, workers_of  # noqa: E402
from load import Load, Stalls  # noqa: E402
from mortise import BINARY, Mortise, children, clean_environment, wait_until, write  # noqa: E402

APP = """
import os, time
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow": time.sleep(0.05)
    body = b"x" * 100
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
WORKERS = 4


class Chaos:
    def __init__(self, folder):
        write(folder, "app.py", APP)
        write(
            folder,
            "server.ini",
            "[uwsgi]\nhttp = 127.0.0.1:0\nhttp-socket = 127.0.0.1:0\nwsgi-file = app.py\nprocesses = %d\nthreads = 2\n"
            "disable-logging = true\nharakiri = 20\nmaster-fifo = fifo\ntouch-chain-reload = touched\n"
            "max-worker-lifetime = 20\nmin-worker-lifetime = 1\n" % WORKERS,
        )
        self.server = Mortise(folder, "server.ini")
        self.folder = folder
        self.server.wait_for_log("loaded in", count=WORKERS)
        self.server.wait_for_log("http gateway on")
        self.pid = self.server.process.pid

    # ---- the master ----

    def rests(self):
        log = self.server.log  # while the next generation is executed, those of the one before are as many
        ended = log.count("reload done") + log.count("reload failed after")
        return log.count("] reload: ") == ended and len(children(self.pid)) == WORKERS + 1

    def whole(self):
        """Its descriptors and memory, once it is at rest with all its processes."""
        wait_until(self.rests, 30, lambda: "a whole server: %s\n%s" % (children(self.pid), self.server.log[-3000:]))
        wait_until(lambda: self.server.get().status == 200, 10)
        text = pathlib.Path("/proc/%d/smaps_rollup" % self.pid).read_text()
        memory = sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private_", "Anonymous:")))
        return len(os.listdir("/proc/%d/fd" % self.pid)), memory

    def workers(self):
        return workers_of(self.server)

    def signal_a_worker(self, signum):
        """Its pid; of another one where it was just leaving."""
        while True:
            victim = random.choice(self.workers())
            try:
                os.kill(victim, signum)
            except ProcessLookupError:
                continue
            return victim

    def command(self, *args):
        return subprocess.run([BINARY, *args, "--pid", str(self.pid)], env=clean_environment(), capture_output=True, timeout=60).returncode

    # ---- faults that lose nothing ----

    def reload(self):
        assert self.command("reload") == 0, self.server.log[-3000:]

    def many_reloads(self):
        for _ in range(10):
            self.server.signal(signal.SIGHUP)
            time.sleep(0.02)

    def broken_application(self):
        write(self.folder, "app.py", "def application(\n")
        assert self.command("reload") == 1
        write(self.folder, "app.py", APP)

    def broken_configuration(self):
        text = (self.folder / "server.ini").read_text()
        write(self.folder, "server.ini", text + "processes = many\n")
        assert self.command("reload") == 1
        write(self.folder, "server.ini", text)

    def chain_reload(self):
        write(self.folder, "touched", str(time.monotonic()))
        time.sleep(1.5)

    def term_of_a_worker(self):
        self.signal_a_worker(signal.SIGTERM)
        time.sleep(0.5)

    def fewer_and_more_workers(self):
        self.server.signal(signal.SIGTTOU)
        time.sleep(0.2)
        self.server.signal(signal.SIGTTIN)

    # ---- faults that lose what they hit ----

    def kill_of_a_worker(self):
        for _ in range(5):
            self.signal_a_worker(signal.SIGKILL)
            time.sleep(0.2)

    def kill_of_all_workers(self):
        (self.folder / "fifo").write_text("W")
        time.sleep(0.5)

    def kill_of_the_gateway(self):
        def kills():
            gateways = [pid for pid in children(self.pid) if pid not in self.workers()]
            try:  # the newest: one of before a reload may just be leaving
                return os.kill(max(gateways), signal.SIGKILL) is None
            except (ValueError, ProcessLookupError):
                return False

        wait_until(kills, what="a gateway to kill")
        time.sleep(0.3)

    def stopped_worker(self):
        victim = self.signal_a_worker(signal.SIGSTOP)
        time.sleep(0.3)
        with contextlib.suppress(ProcessLookupError):  # it was just leaving
            os.kill(victim, signal.SIGCONT)

    LOSE_NOTHING = (reload, many_reloads, broken_application, broken_configuration, chain_reload, term_of_a_worker, fewer_and_more_workers, stopped_worker)
    LOSE_SOME = (kill_of_a_worker, kill_of_all_workers, kill_of_the_gateway)

    def minute_of_kills(self, seconds):
        """A worker every 200 ms: whether the pool was full again in time and no more was lost than it had in hand."""
        clients = 6
        with Load(self.server.address(), clients=clients) as load, Stalls() as stalls:
            took = kill_workers(self.server, seconds)
        slowest = max(took)
        print("%d kills in %d s: %d answers, %d lost; the pool was full again within %d ms (this machine stalls for %d ms)"
              % (len(took), seconds, load.answers, len(load.failures), slowest * 1000, stalls.longest * 1000))  # fmt: skip
        return len(load.failures) > len(took) * clients or slowest > 0.2 + 5 * stalls.longest

    def run(self, seconds):
        for _ in range(3):
            self.reload()
        fds, memory = self.whole()
        table = collections.OrderedDict((fault.__name__, [0, 0, 0]) for fault in self.LOSE_NOTHING + self.LOSE_SOME)
        failed = False
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            fault = random.choice(self.LOSE_NOTHING * 2 + self.LOSE_SOME)
            scheme = random.choice(("gateway", "worker"))
            addresses = [self.server.address(), gateway_address(self.server.log)]
            with Load(addresses[scheme == "gateway"], clients=6, path=random.choice((b"/", b"/slow"))) as load:
                time.sleep(0.1)
                fault(self)
                time.sleep(0.1)
            self.whole()
            row = table[fault.__name__]
            row[0] += 1
            row[1] += load.answers
            row[2] += len(load.failures)
            if load.failures and fault in self.LOSE_NOTHING:
                failed = True
                print("%s, through the %s, lost %d of %d: %s" % (fault.__name__, scheme, len(load.failures), load.answers, load.failures[:3]))
        failed |= self.minute_of_kills(min(seconds, 60))
        self.whole()
        print("%-26s %6s %9s %6s" % ("fault", "times", "answers", "lost"))
        for name, row in table.items():
            print("%-26s %6d %9d %6d" % (name, *row))
        self.reload()
        fds_after, memory_after = self.whole()
        print("master: %d descriptors (%d at first), %d KiB (%d)" % (fds_after, fds, memory_after, memory))
        return failed or fds_after != fds or memory_after > memory * 1.1 + 128


def gateway_address(log):
    where = [line.split("http gateway on http://")[1].split()[0] for line in log.splitlines() if "http gateway on http://" in line][-1]
    host, _, port = where.rpartition(":")
    return host, int(port)


def main():
    with tempfile.TemporaryDirectory() as folder:
        chaos = Chaos(pathlib.Path(folder))
        try:
            failed = chaos.run(float(sys.argv[1]) if len(sys.argv) > 1 else 30)
            chaos.server.stop()
        except BaseException:
            print(chaos.server.log[-5000:])
            raise
        finally:
            chaos.server.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
