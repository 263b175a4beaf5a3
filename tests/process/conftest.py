"""Fixtures that start servers."""

import pytest

from mortise import Mortise, write


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
        servers.append(server)
        server.start()
        return server

    yield start
    failures = []
    for server in servers:
        if server.process is None:
            continue
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
