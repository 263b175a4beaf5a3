"""The queue in shared memory."""

import pytest

from mortise import run

EVAL = """
import uwsgi

def application(environ, start_response):
    value = eval(environ["HTTP_X_EVAL"])
    start_response("200 OK", [])
    return [repr(value).encode()]
"""


@pytest.fixture
def queue(wsgi):
    def start(*args):
        server = wsgi(EVAL, "--processes", "2", *args)

        def ask(expression):
            return eval(server.get(headers={"X-Eval": expression}).text)

        ask.server = server
        return ask

    return start


def test_messages_are_pushed_pulled_and_popped(queue):
    ask = queue("--queue", "3")
    assert ask("[uwsgi.queue_push(m) for m in ('a', b'b\\0', 'c')]") == [True] * 3
    assert ask("(uwsgi.queue_pull(), uwsgi.queue_pop(), uwsgi.queue_get(1))") == (b"a", b"c", b"b\0")
    assert ask("(uwsgi.queue_pull(), uwsgi.queue_pull())") == (b"b\0", None)
    assert ask("(uwsgi.queue_set(2, 'x'), uwsgi.queue_get(2), uwsgi.queue_set(3, 'x'), uwsgi.queue_get(3))") == (True, b"x", False, None)
    assert ask("(uwsgi.queue_push('1' * 8192), uwsgi.queue_push('1' * 8193), uwsgi.queue_push(''))") == (True, False, False)


def test_the_newest_are_seen_without_taking_them(queue):
    ask = queue("--queue", "5")
    assert ask("[uwsgi.queue_push(m) for m in 'abc'] and (uwsgi.queue_last(), uwsgi.queue_last(2), uwsgi.queue_slot(), uwsgi.queue_pull_slot())") == (b"c", [b"c", b"b"], 3, 0)


def test_a_file_keeps_the_queue_over_a_restart(queue, tmp_path):
    args = ("--queue", "3", "--queue-blocksize", "100", "--queue-store", str(tmp_path / "q"), "--queue-store-sync", "1")
    ask = queue(*args)
    ask("uwsgi.queue_push('kept')")
    ask.server.stop()
    assert queue(*args)("uwsgi.queue_pull()") == b"kept"
    done = run(tmp_path, "--queue", "4", "--queue-store", "q", "--socket", "127.0.0.1:0", "--no-need-app")
    assert done.returncode != 0
    assert "queue: use q: it has a queue of other numbers (remove it)" in done.stdout
