"""Load by wrk: one sample of requests per second, latencies, and what the generator itself needed."""

import os
import re
import subprocess
import tempfile
import time

CLOSE = ("-H", "Connection: close")
PACED = "function delay() return math.random(0, %d) end\n"  # milliseconds before each request of a connection
POST = 'wrk.method = "POST"\nwrk.body = string.rep("x", 65536)\n'


class Sample:
    def __init__(self, per_second, cpu_us, load_busy, p99_ms, errors):
        self.per_second, self.cpu_us, self.load_busy, self.p99_ms, self.errors = per_second, cpu_us, load_busy, p99_ms, errors

    @property
    def load_was_the_limit(self):
        return self.load_busy > 0.95


def measure(server, url, connections=32, seconds=3, arguments=(), script=None, cpus=None, threads=1):
    """Warms up, then measures; CPU time is that of all processes of the server."""
    command = ["wrk", "-t%d" % threads, "-c%d" % connections, "--latency", *arguments]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        if script:
            lua.write(script)
            lua.flush()
            command += ["-s", lua.name]
        run(command + ["-d1s", url], cpus)
        before = server.cpu_seconds()
        text, busy = run(command + ["-d%ds" % seconds, url], cpus)
        used = server.cpu_seconds() - before
    count = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    p99 = float(late.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[late.group(2)] if late else None
    errors = sum(int(number) for line in re.findall(r"Socket errors:.*|Non-2xx.*", text) for number in re.findall(r"\d+", line.replace("2xx or 3xx", "")))
    refused = re.search(r"Non-2xx.*: (\d+)", text)
    if count == 0 or refused and int(refused[1]) == count:
        raise RuntimeError("it answered no request as wanted: %d answers, all of them errors" % count)
    return Sample(rate, used / max(count, 1) * 1e6, busy, p99, errors)


def run(command, cpus):
    """Output of wrk, and the part of a processor that it used."""
    pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=pin)
    text = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError("%s: %s" % (" ".join(command), text))
    return text, (usage.ru_utime + usage.ru_stime) / (time.monotonic() - began)
