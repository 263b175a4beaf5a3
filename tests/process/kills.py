"""Kills workers, one every 200 ms, and watches how soon the pool is full again."""

import os
import random
import re
import signal
import time

from mortise import children, wait_until


def workers_of(server):
    """pids of the workers that run."""
    started = set(map(int, re.findall(r"(?m)(?<!old )worker \d+ \(pid (\d+)\) started", server.log)))
    return [child for child in children(server.process.pid) if child in started]


def kill_workers(server, seconds):
    """For each kill the seconds until all workers had loaded the application again."""
    took, loaded = [], server.log.count("loaded in")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            os.kill(random.choice(workers_of(server)), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            continue  # it is just being replaced
        loaded += 1
        wait_until(lambda: server.log.count("loaded in") >= loaded)  # noqa: B023
        took.append(time.monotonic() - began)
        time.sleep(max(0, began + 0.2 - time.monotonic()))
    return took
