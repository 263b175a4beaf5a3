"""Fixtures that start servers; tests/process/mortise.py has what they give."""

import os
import pathlib
import re
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "process"))

from mortise import Mortise, write  # noqa: E402

# Lines of their own: where a MemoryError is what is asked for, and where a process has a stack for each request.
EXPECTED_REPORT = re.compile(r"==\d+==WARNING: (\w+Sanitizer failed to allocate|ASan doesn't fully support makecontext)\b.*\n")


@pytest.fixture(scope="session")
def new_reports():
    """What sanitizers reported in any process since this was called last, a worker's that the test lets die included."""
    told = set()

    def new():
        texts = {EXPECTED_REPORT.sub("", file.read_text(errors="replace")) for file in pathlib.Path(folder).iterdir()} - told - {""}
        told.update(texts)
        return "\n".join(sorted(texts))

    with tempfile.TemporaryDirectory(prefix="mortise-reports.") as folder:
        os.chmod(folder, 0o1777)  # of processes that gave up root, too
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
            os.environ[name] = "%s:log_path=%s/report" % (os.environ.get(name, ""), folder)
        yield new
        late = new()
    assert not late, late


@pytest.fixture(autouse=True)
def no_report(new_reports):
    yield
    reports = new_reports()
    assert not reports, reports


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
