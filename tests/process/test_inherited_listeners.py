"""Sockets that a service manager opened, as sd_listen_fds(3) describes it."""

import signal
import socket
import subprocess
import sys

import pytest

from mortise import BINARY, Mortise, clean_environment, read_all, run, write

APP = """
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""
MANAGER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="web")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize("option", ["--http-socket", "--http"])
def test_a_listener_that_was_passed_is_the_one_that_serves(tmp_path, option):
    write(tmp_path, "app.py", APP)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        command = [BINARY, option, address, "--wsgi-file", "app.py"]
        server = subprocess.Popen(
            [sys.executable, "-c", MANAGER, str(listener.fileno()), *command],
            cwd=tmp_path, env=clean_environment(), pass_fds=[listener.fileno()], start_new_session=True)  # fmt: skip
        try:
            with socket.create_connection(listener.getsockname(), timeout=10) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert read_all(sock).endswith(b"hello")
        finally:
            server.terminate()
            assert server.wait(10) == 0


@pytest.mark.parametrize("address", ["fd://web", "fd://3"])
def test_a_listener_is_found_by_its_name_or_number_after_reloads_too(tmp_path, address):
    write(tmp_path, "app.py", APP)
    server = Mortise(tmp_path, start=False)
    with socket.create_server(("127.0.0.1", 0)) as listener, open(server.log_path, "wb") as log:
        server.process = subprocess.Popen(
            [sys.executable, "-c", MANAGER, str(listener.fileno()), BINARY, "--http-socket", address, "--wsgi-file", "app.py"],
            cwd=tmp_path, env=clean_environment(), stdout=log, stderr=log, pass_fds=[listener.fileno()], start_new_session=True)  # fmt: skip
        where = listener.getsockname()
    try:
        for reloads in range(3):
            if reloads:
                server.signal(signal.SIGHUP)
                server.wait_for_log("reload done", count=reloads)
            with socket.create_connection(where, timeout=10) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert read_all(sock).endswith(b"hello")
        server.stop()
    finally:
        server.kill()


@pytest.mark.parametrize("options, protocol", [(["--protocol", "http"], "http"), ([], "uwsgi")])
def test_a_listener_that_no_option_names_is_served_where_there_is_no_other(tmp_path, options, protocol):
    write(tmp_path, "app.py", APP)
    server = Mortise(tmp_path, start=False)
    with socket.create_server(("127.0.0.1", 0)) as listener, open(server.log_path, "wb") as log:
        where = listener.getsockname()
        server.process = subprocess.Popen(
            [sys.executable, "-c", MANAGER, str(listener.fileno()), BINARY, *options, "--stats", "stats.sock", "--wsgi-file", "app.py"],
            cwd=tmp_path, env=clean_environment(), stdout=log, stderr=log, pass_fds=[listener.fileno()], start_new_session=True)  # fmt: skip
    try:
        server.wait_for_log("listening on %s:.*:%d " % (protocol, where[1]))
        for reloads in range(3):
            if reloads:
                server.signal(signal.SIGHUP)
                server.wait_for_log("reload done", count=reloads)
            answer = server.get().text if protocol == "http" else server.uwsgi_request().decode()
            assert answer.endswith("hello")
        assert "(descriptor 3)" not in server.log
        server.stop()
    finally:
        server.kill()


def test_a_name_that_no_descriptor_has_ends_the_start(tmp_path):
    done = run(tmp_path, "--http-socket", "fd://web", "--need-app=false")
    assert done.returncode == 69
    assert "listen on fd://web: the server was not given a socket of this name (FileDescriptorName= of the .socket unit gives it one)" in done.stdout
