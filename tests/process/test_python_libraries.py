"""Packages that look at their server or are known for trouble at its end; and the stubs of the module uwsgi."""

import ast
import re
import sys

import pytest

from mortise import ROOT

FOLDER = ROOT / "plugins" / "python"


def start(wsgi, source, *args, **kwargs):
    server = wsgi(source, "--virtualenv", sys.prefix, "--disable-logging", *args, **kwargs)
    server.wait_for_log("loaded in", seconds=40)  # they are large, and take longer than a client would wait
    return server


SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware
events = []
sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=lambda envelope: events.append(envelope) or None, traces_sample_rate=1.0)

def inner(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("for sentry")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(events)).encode()]

application = SentryWsgiMiddleware(inner)
"""


@pytest.mark.parametrize("args", [["--threads", "2"], ["--preload", "--processes", "2"]], ids=" ".join)
def test_sentry_finds_threads_and_fork_hooks(wsgi, args):
    pytest.importorskip("sentry_sdk")
    server = start(wsgi, SENTRY, *args)
    assert server.get().status == 200
    assert server.get("/fail").status == 500
    server.wait_for_log("ValueError: for sentry")
    told = [line for line in server.log.splitlines() if "Warning" in line and "pkg_resources" not in line]
    assert told == []
    assert "enable-threads" not in server.log and "py-call-uwsgi-fork-hooks" not in server.log


PROMETHEUS = """
import prometheus_client, uwsgi
from prometheus_client import Counter, make_wsgi_app, values
requests = Counter("requests", "of this test")
metrics = make_wsgi_app()

def application(environ, start_response):
    if environ["PATH_INFO"] == "/metrics":
        return metrics(environ, start_response)
    requests.inc()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"counted"]
"""


def test_prometheus_counts(wsgi):
    pytest.importorskip("prometheus_client")
    server = start(wsgi, PROMETHEUS)
    for _ in range(3):
        server.get()
    assert "requests_total 3.0" in server.get("/metrics").text
    assert "Warning" not in server.log


def test_prometheus_adds_up_what_several_workers_counted(wsgi, tmp_path):
    pytest.importorskip("prometheus_client")
    source = PROMETHEUS.replace(
        "metrics = make_wsgi_app()",
        """
from prometheus_client import CollectorRegistry, multiprocess
values.ValueClass = values.MultiProcessValue(uwsgi.worker_id)
registry = CollectorRegistry()
multiprocess.MultiProcessCollector(registry)
metrics = make_wsgi_app(registry)
""",
    ).replace("    requests.inc()", "    requests.inc()\n    import time; time.sleep(0.05)")
    import concurrent.futures

    (tmp_path / "counts").mkdir()
    server = start(wsgi, source, "--processes", "2", env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts")})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: server.get(), range(12)))
    assert "requests_total 12.0" in server.get("/metrics").text


LIBRARIES = """
import atexit, threading
import numpy, lxml.etree, psycopg2
from cryptography.fernet import Fernet
matrix = numpy.ones((200, 200))
atexit.register(lambda: print("the end", flush=True))

class Last:
    def __del__(self):
        print("never taken apart", flush=True)
last = Last()

def application(environ, start_response):
    box = Fernet(Fernet.generate_key())
    text = box.decrypt(box.encrypt(b"%d" % (matrix @ matrix).sum()))
    tree = lxml.etree.fromstring("<a><b/></a>")
    try:
        psycopg2.connect("host=127.0.0.1 port=9 connect_timeout=1")
    except psycopg2.OperationalError:
        pass
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text, b" ", tree[0].tag.encode()]
"""


@pytest.mark.parametrize("args", [["--threads", "4"], ["--processes", "2", "--preload"]], ids=" ".join)
def test_nothing_crashes_at_the_end_with_libraries_in_c(wsgi, args):
    for name in ("numpy", "lxml", "cryptography", "psycopg2"):
        pytest.importorskip(name)
    server = start(wsgi, LIBRARIES, *args)
    for _ in range(8):
        assert server.get().text == "8000000 b"
    server.stop()  # insists on status 0
    assert server.log.count("the end") >= (2 if "--processes" in args else 1)
    assert not re.search(r"signal 11|signal 6|Segmentation|core dumped|Fatal Python error", server.log)


def test_an_atexit_function_that_hangs_is_bounded(wsgi):
    server = wsgi(
        "import atexit, time\natexit.register(time.sleep, 600)\ndef app(e, s): s('200 OK', []); return []",
        "--worker-reload-mercy",
        "1",
        "--reload-mercy",
        "1",
    )
    server.get()
    server.stop()  # within 15 s


# ---- stubs ----


def stubs():
    tree = ast.parse((FOLDER / "uwsgi.pyi").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    values = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    return functions, values


def test_the_stubs_name_all_that_the_module_has(wsgi):
    server = wsgi(
        """
import json, uwsgi
def application(environ, start_response):
    start_response("200 OK", [])
    names = [name for name in dir(uwsgi) if not name.startswith("__")]
    return [json.dumps([[name, callable(getattr(uwsgi, name)), getattr(uwsgi, name).__doc__] for name in names]).encode()]
"""
    )
    import json

    functions, values = stubs()
    for name, is_function, doc in json.loads(server.get().text):
        assert name in (functions if is_function else values), name
        assert not is_function or doc, "%s has no docstring" % name


def test_the_stubs_name_all_functions_of_other_plugins():
    functions, _ = stubs()
    provided = set()
    for file in FOLDER.glob("uwsgi_*.cpp"):
        text = file.read_text()
        if "ProvidedFunction" in text:
            provided |= set(re.findall(r'\{"([a-z_]+(?:\d+)?)", [\w<>,: ]+(?:\([\w]+\))?, METH_', text))
    assert len(provided) > 40
    assert provided - functions == set()
