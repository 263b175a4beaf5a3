"""Coroutine and loop engines: requests that wait are served at the same time by one thread."""

import threading
import time

from .run import expect

__all__ = ["asyncio", "gevent", "greenlet", "tornado", "ugreen"]

APP = """
import os, uwsgi
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    reader, writer = os.pipe()
    uwsgi.wait_fd_read(reader, 2)
    uwsgi.suspend()
    os.close(reader)
    os.close(writer)
    return [b"%s waited" % environ["QUERY_STRING"].encode()]
"""
REQUESTS = 6


def _serves_together(run, *args):
    server = run.server("--wsgi-file", "app.py", *args, files={"app.py": APP}, slot=0)
    answers = {}

    def ask(number):
        answers[number] = server.get("/?%d" % number).text

    began = time.monotonic()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(REQUESTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    expect(answers == {number: "%d waited" % number for number in range(REQUESTS)}, "answers %r" % answers)
    expect(took < 2 * REQUESTS - 2, "%d requests that wait for 2 s took %.1f s" % (REQUESTS, took))


def ugreen(run):
    _serves_together(run, "--async", 8, "--ugreen")


def greenlet(run):
    _serves_together(run, "--async", 8, "--greenlet", "--virtualenv", run.venv)


def gevent(run):
    _serves_together(run, "--gevent", 8, "--virtualenv", run.venv)


def asyncio(run):
    _serves_together(run, "--asyncio", 8, "--greenlet", "--virtualenv", run.venv)


def tornado(run):
    _serves_together(run, "--tornado", 8, "--greenlet", "--virtualenv", run.venv)
