"""Memory that all processes share."""

import os
import signal
import threading

import pytest

from mortise import run, wait_until

EVAL = """
import os, uwsgi

def application(environ, start_response):
    try:
        value = eval(environ["HTTP_X_EVAL"])
    except Exception as error:
        value = type(error).__name__
    start_response("200 OK", [])
    return [repr((os.getpid(), value)).encode()]
"""


@pytest.fixture
def areas(wsgi):
    def start(*args, **kwargs):
        server = wsgi(EVAL, *args, "--processes", "2", **kwargs)

        def ask(expression, timeout=10):
            pid, value = eval(server.get(headers={"X-Eval": expression}, timeout=timeout).text)
            ask.pid = pid
            return value

        ask.server = server
        return ask

    return start


def test_what_one_worker_writes_the_others_read(areas):
    ask = areas("--sharedarea", "1", "--sharedarea", "size=64k")
    ask("uwsgi.sharedarea_write(0, 10, b'hello\\0you')")
    first = ask.pid
    os.kill(first, signal.SIGKILL)
    assert ask("uwsgi.sharedarea_read(0, 10, 9)") == b"hello\0you"
    assert ask.pid != first
    assert ask("len(uwsgi.sharedarea_read(1, 0))") == 65536
    assert ask("uwsgi.sharedarea_read(0, 4095)") == b"\0"


def test_nothing_beyond_an_area_is_read_or_written(areas):
    ask = areas("--sharedarea", "1")
    for beyond in ("sharedarea_read(0, 4096)", "sharedarea_read(0, 4090, 7)", "sharedarea_read(1, 0)", "sharedarea_read(-1, 0)",
                   "sharedarea_write(0, 4095, 'ab')", "sharedarea_inc64(0, 4089)", "sharedarea_write32(0, 2**63, 1)",
                   "sharedarea_read(0, 0, 2**64 - 1)", "sharedarea_wait(7)"):
        assert ask("uwsgi." + beyond) in ("ValueError", "OverflowError", None), beyond
    assert ask("uwsgi.sharedarea_write(0, 4095, 'z') or uwsgi.sharedarea_read(0, 4095, 1)") == b"z"


def test_numbers_of_all_sizes(areas):
    ask = areas("--sharedarea", "1")
    for bits in (8, 16, 32, 64):
        least = -(1 << (bits - 1))
        ask("uwsgi.sharedarea_write%d(0, 0, %d)" % (bits, least))
        assert ask("uwsgi.sharedarea_read%d(0, 0)" % bits) == least
    ask("uwsgi.sharedarea_write64(0, 8, 40)")
    ask("[uwsgi.sharedarea_inc64(0, 8, 5), uwsgi.sharedarea_dec64(0, 8, 3)]")
    assert ask("uwsgi.sharedarea_read64(0, 8)") == 42


def test_counting_by_all_workers_and_threads_at_once_loses_nothing(areas):
    ask = areas("--sharedarea", "1", "--threads", "2")
    threads = [threading.Thread(target=ask, args=("[uwsgi.sharedarea_inc32(0, 0, 1) for _ in range(5000)] and 1",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask("uwsgi.sharedarea_read32(0, 0)") == 30000


def test_waiting_ends_when_another_worker_writes(areas):
    ask = areas("--sharedarea", "1", "--threads", "2")
    ended = []
    waiter = threading.Thread(target=lambda: ended.append(ask("uwsgi.sharedarea_write8(0, 1, 7) or uwsgi.sharedarea_wait(0, 10)")))
    waiter.start()
    wait_until(lambda: ask("uwsgi.sharedarea_read8(0, 1)") == 7)
    while waiter.is_alive():
        ask("uwsgi.sharedarea_update(0)")
        waiter.join(0.05)
    assert ended == [True]


def test_a_file_is_an_area(areas, tmp_path):
    path = tmp_path / "area"
    path.write_bytes(b"0123456789" * 1000)
    ask = areas("--sharedarea", "file=%s" % path, "--sharedarea", "file=%s,offset=4096,size=10" % path)
    assert ask("uwsgi.sharedarea_read(0, 0, 4)") == b"0123"
    ask("uwsgi.sharedarea_write(0, 4096, 'changed')")
    assert ask("uwsgi.sharedarea_read(1, 0)")[:7] == b"changed"
    assert path.read_bytes()[4096:4103] == b"changed"


@pytest.mark.parametrize("text, message", [
    ("pages=0", "sharedarea 'pages=0': pages=N, size=BYTES, file=PATH or fd=N with size and offset"),
    ("pages=1x", "sharedarea 'pages=1x': pages=N, size=BYTES, file=PATH or fd=N with size and offset"),
    ("size=lots", "sharedarea 'size=lots': pages=N, size=BYTES, file=PATH or fd=N with size and offset"),
    ("file=/etc/hostname,size=1G", "is shorter than that (truncate -s makes it longer)"),
    ("file=/nonexistent", "sharedarea 'file=/nonexistent': /nonexistent: No such file or directory"),
])
def test_an_area_that_cannot_be_made_ends_the_start(tmp_path, text, message):
    done = run(tmp_path, "--sharedarea", text, "--socket", "127.0.0.1:0", "--no-need-app")
    assert done.returncode != 0
    assert message in done.stdout
