"""Processes that are measured: started in a session of their own, pinned, and counted with all their children."""

import os
import pathlib
import signal
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def clean_environment(**extra):
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", **extra}


class Server:
    """One server; a context."""

    def __init__(self, argv, log, cpus=None, env=None, cwd=None):
        self.argv = [str(word) for word in argv]
        self.log, self.cpus, self.cwd = pathlib.Path(log), cpus, cwd
        self.env = env or clean_environment()

    def __enter__(self):
        pin = (lambda: os.sched_setaffinity(0, self.cpus)) if self.cpus else None
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env, cwd=self.cwd, start_new_session=True, preexec_fn=pin)
        return self

    def __exit__(self, *_):
        for signum in (signal.SIGKILL,):
            try:
                os.killpg(self.process.pid, signum)
            except ProcessLookupError:
                pass
        self.process.wait()
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)

    def wait_for(self, port, seconds=20):
        """Until it accepts connections."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.01)
        raise RuntimeError("%s does not listen:\n%s" % (self.argv[0], self.log.read_text(errors="replace")[-2000:]))

    def pids(self):
        """Of the whole session."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                fields = read_stat(entry)
                if fields and int(fields[3]) == self.process.pid:
                    found.append(int(entry))
        return found

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            fields = read_stat(pid)
            if fields:
                total += sum(int(fields[i]) for i in (11, 12, 13, 14))
        return total / TICK

    def memory_kib(self, field="Pss"):
        total = 0
        for pid in self.pids():
            try:
                text = pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text()
            except OSError:
                continue
            names = field.split("+")
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.split(":")[0] in names)
        return total


def read_stat(pid):
    """Fields of /proc/PID/stat from the third on."""
    try:
        text = pathlib.Path("/proc/%s/stat" % pid).read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()
