"""Fixtures that start servers; tests/process/mortise.py has what they give."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "process"))

from mortise import Mortise, write  # noqa: E402


@pytest.fixture
def mortise(tmp_path):
    """start(*args, files={name: text}, env={}): a running server in a folder of its own, stopped after the test."""
    servers = []

    def start(*args, files=None, env=None):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        for name, text in (files or {}).items():
            write(folder, name, text)
        server = Mortise(folder, *args, env=env, start=False)
        try:
            server.start()
        except BaseException:
            server.kill()
            raise
        servers.append(server)
        return server

    yield start
    failures = []
    for server in servers:
        try:
            server.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def wsgi(mortise):
    """start(source, *args): a server with one worker that runs this source as its WSGI application over HTTP."""

    def start(source, *args, **kwargs):
        files = dict(kwargs.pop("files", {}))
        files["app.py"] = source
        return mortise("--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", *args, files=files, **kwargs)

    return start
