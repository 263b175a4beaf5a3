"""Which descriptors the server holds, and where they lead."""

import os
import socket
import subprocess

from mortise import BINARY, clean_environment, wait_until, write


def test_a_server_started_without_standard_descriptors_writes_its_log_into_nothing_else(tmp_path):
    write(tmp_path, "app.py", "def application(environ, start_response): pass\n")
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", BINARY, "--socket", "x.sock", "--wsgi-file", "app.py"]
    server = subprocess.Popen(command, cwd=tmp_path, env=clean_environment())
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            wait_until(lambda: sock.connect_ex(str(tmp_path / "x.sock")) == 0, what="an answer")
        assert {os.readlink("/proc/%d/fd/%d" % (server.pid, fd)) for fd in range(3)} == {"/dev/null"}
    finally:
        server.terminate()
        assert server.wait(10) == 0
