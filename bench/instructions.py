"""bench/run instructions: instructions in user space of one request, by valgrind's callgrind, of servers of Python in one
process. The same on a busy machine as on a quiet one, and blind for what the kernel does."""

import os
import pathlib
import re
import signal
import socket
import tempfile

from peers import PEERS, VENV, Setting, is_there
from processes import Server, clean_environment, free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:45613\r\n\r\n"
FEW, MANY = 100, 500
LOADER, PYTHON = "/lib64/ld-linux-x86-64.so.2", (VENV / "bin/python").resolve()


def ask(port, count):
    """count requests on one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        for _ in range(count):
            sock.sendall(REQUEST)
            answer, length = b"", None
            while length is None or len(answer) < length:
                part = sock.recv(65536)
                if not part:
                    raise RuntimeError("the server closed the connection")
                answer += part
                head, end, _ = answer.partition(b"\r\n\r\n")
                if end:
                    length = len(head) + len(end) + int(re.search(rb"(?i)content-length: (\d+)", head)[1])


def unlaunched(command):
    """What mortise-in-python executes, as ld.so does it: valgrind itself must not load the library."""
    program = pathlib.Path(command[0])
    if program.name != "mortise-in-python":
        return command
    return [LOADER, "--preload", program.with_name("mortise_in_python.so"), PYTHON, *command[1:]]


def total(name, module, count):
    """Instructions of the process that served, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(folder, free_port(), module=module)
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=%s/cg.%%p" % folder, *unlaunched(PEERS[name](setting))]
        environment = clean_environment(PYTHONPATH=str(pathlib.Path(__file__).parent / "apps"), PYTHONHASHSEED="0")
        if name == "mortise-in-python":
            environment["MORTISE_PROGRAM"] = str(PEERS[name](setting)[0])
        with Server(command, pathlib.Path(folder) / "log", env=environment) as server:
            server.wait_for(setting.port, 60)
            try:
                ask(setting.port, count)
            except OSError as failure:
                raise RuntimeError("%s: %s:\n%s" % (name, failure, server.log.read_text(errors="replace")[-2000:])) from None
            # bjoern knows no other signal; to the master alone, where there is one.
            os.kill(server.process.pid, signal.SIGINT if name in ("bjoern", "fastwsgi") else signal.SIGTERM)
            server.process.wait()
        return max(int(re.search(r"^summary: (\d+)", path.read_text(), re.M)[1]) for path in pathlib.Path(folder).glob("cg.*"))


def compare(modules=("flask_json", "hello"), names=("mortise", "mortise-static-python", "mortise-in-python", "bjoern")):
    """Prints a table."""
    names = [name for name in names if is_there(name)]
    print("\n### Instructions of a request\n\n| | %s |\n|---%s|" % (" | ".join(names), "|---" * len(names)))
    for module in modules:
        figures = [(total(name, module, MANY) - total(name, module, FEW)) / (MANY - FEW) for name in names]
        print("| %s | %s |" % (module, " | ".join("{:,.0f}".format(figure) for figure in figures)), flush=True)
