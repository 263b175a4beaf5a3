"""import uwsgi: the names that uWSGI has, and what its functions do with files, connections, bodies and signals."""

import re
import socket
import struct

import pytest

from mortise import read_all, wait_until

EVAL = """
import os, uwsgi

def application(environ, start_response):
    value = eval(environ["HTTP_X_EVAL"])
    start_response("200 OK", [])
    return [repr(value).encode()]
"""

# All that the module of uWSGI 2.0 has, but for its importers of modules that are linked into the server.
NAMES = """
SPOOL_IGNORE SPOOL_OK SPOOL_RETRY accepting add_cron add_file_monitor add_ms_timer add_rb_timer add_timer add_var alarm
applications async_connect async_sleep buffer_size cache_clear cache_dec cache_del cache_div cache_exists cache_get
cache_inc cache_keys cache_mul cache_num cache_set cache_update call chunked_read chunked_read_nb cl close connect
connection_fd cores disconnect embedded_data extract farm_get_msg farm_msg get_logvar green_schedule has_threads hostname
i_am_the_lord i_am_the_spooler in_farm is_a_reload is_connected is_locked listen_queue lock log log_this_request logsize
loop lord_scroll magic_table masterpid mem metric_dec metric_div metric_get metric_inc metric_mul metric_set
metric_set_max metric_set_min micros mule_get_msg mule_id mule_msg mule_msg_hook numproc offload opt parsefile
post_fork_hook queue_get queue_last queue_pop queue_pull queue_pull_slot queue_push queue_set queue_size queue_slot ready
ready_fd recv register_rpc register_signal reload request_id route rpc rpc_list scrolls send send_to_spooler sendfile
set_logvar set_spooler_frequency set_user_harakiri set_warning_message setprocname sharedarea_dec32 sharedarea_dec64
sharedarea_inc32 sharedarea_inc64 sharedarea_inclong sharedarea_memoryview sharedarea_object sharedarea_read
sharedarea_read16 sharedarea_read32 sharedarea_read64 sharedarea_read8 sharedarea_readbyte sharedarea_readlong
sharedarea_rlock sharedarea_unlock sharedarea_wlock sharedarea_write sharedarea_write16 sharedarea_write32
sharedarea_write64 sharedarea_write8 sharedarea_writebyte sharedarea_writelong signal signal_received signal_registered
signal_wait sockets spool spooler spooler_get_task spooler_jobs spooler_pid spooler_pids spoolers start_response
started_on stop suspend total_requests unbit unlock version version_info wait_fd_read wait_fd_write websocket_handshake
websocket_recv websocket_recv_nb websocket_send websocket_send_binary worker_id workers
""".split()

DECORATORS = """
cron erlang farm farm_loop filemon get_free_signal harakiri lock manage_spool_request mule mule_brain mule_brainloop
mule_functions mule_msg_dispatcher mulefunc muleloop mulemsg mulemsg_loop postfork postfork_chain postfork_chain_hook
rbtimer rpc signal spool spooler_functions spoolforever spoolraw thread timer
""".split()


@pytest.fixture
def ask(wsgi):
    """ask(expression) evaluates it in a request."""
    server = wsgi(EVAL, "--disable-logging")

    def evaluate(expression):
        return eval(server.get(headers={"X-Eval": expression}).text)

    evaluate.server = server
    return evaluate


def test_every_name_of_uwsgi_is_there_where_its_plugins_are(wsgi):
    args = ["--mule", "--spooler", "tasks", "--cache2", "name=c,items=10", "--queue", "10", "--sharedarea", "1", "--enable-metrics"]
    args += ["--route", "^/x log:x", "--alarm", "a log:"]
    server = wsgi("import uwsgidecorators\n" + EVAL, *args)
    missing = "[name for name in %r if not hasattr(uwsgi, name)]" % NAMES
    assert eval(server.get(headers={"X-Eval": missing}).text) == []
    missing = "[name for name in %r if not hasattr(uwsgidecorators, name)]" % DECORATORS
    assert eval(server.get(headers={"X-Eval": missing}).text) == []
    assert eval(server.get(headers={"X-Eval": "(uwsgi.queue_size, uwsgi.spoolers)"}).text) == (10, (str(server.folder / "tasks").encode(),))
    assert eval(server.get(headers={"X-Eval": "uwsgi.route('donotlog', '')"}).text) in (0, 1)
    assert eval(server.get(headers={"X-Eval": "uwsgi.route('nonsense', '')"}).text) == -1


def test_facts_about_the_server(ask):
    assert ask("uwsgi.magic_table[b'V'] == uwsgi.version and uwsgi.magic_table[b'h'] == uwsgi.hostname")
    assert ask("uwsgi.magic_table[b'v'].decode() == os.getcwd() and uwsgi.magic_table[b'u'] == b'%d' % os.getuid()")
    assert ask("(uwsgi.ready(), uwsgi.accepting(), uwsgi.i_am_the_spooler())") == (True, None, None)
    assert ask("(uwsgi.i_am_the_lord('x'), uwsgi.lord_scroll('x'), uwsgi.scrolls('x'))") == (False, None, None)
    assert ask("uwsgi.logsize() == os.stat(2).st_size > 100")


def test_variables_of_the_log_can_be_read_again_and_one_request_can_be_logged(ask):
    assert ask("(uwsgi.get_logvar('a'), uwsgi.set_logvar('a', 'b'), uwsgi.get_logvar('a'))") == (None, None, b"b")
    assert ask("uwsgi.log_this_request()") is None
    ask.server.wait_for_log(r"GET / ")
    assert len(re.findall("GET / ", ask.server.log)) == 1


def test_env_and_start_response_are_those_of_the_request(wsgi):
    source = """
import uwsgi
def application(environ, start_response):
    assert uwsgi.env is environ and uwsgi.start_response is start_response
    uwsgi.start_response("201 Created", [("X-Way", "module")])
    return [b"x"]
"""
    answer = wsgi(source).get()
    assert (answer.status, answer.headers["x-way"]) == (201, "module")


# ---- files ----


def packet(pairs):
    block = b"".join(struct.pack("<H", len(text)) + text for pair in pairs.items() for text in pair)
    return struct.pack("<BHB", 0, len(block), 0) + block


def test_files_can_be_read_by_name(ask):
    (ask.server.folder / "text").write_bytes(b"\0\xff")
    (ask.server.folder / "packet").write_bytes(packet({b"a": b"1", b"": b""}))
    (ask.server.folder / "cut").write_bytes(packet({b"a": b"1"})[:-1])
    assert ask("(uwsgi.extract('text'), uwsgi.extract('file://text'))") == (b"\0\xff", b"\0\xff")
    assert ask("(uwsgi.extract('missing'), uwsgi.extract('/'), uwsgi.extract('sym://missing'))") == (None, None, None)
    assert ask("(uwsgi.parsefile('packet'), uwsgi.parsefile('cut'), uwsgi.parsefile('missing'))") == ({b"a": b"1", b"": b""}, None, None)
    assert ask.server.get(headers={"X-Eval": "uwsgi.embedded_data('missing')"}).status == 500
    ask.server.wait_for_log("ValueError: the server has no data named missing in it")


# ---- connections ----


def test_connections_are_made_and_used_by_descriptor(ask):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        fd = ask("uwsgi.connect(%r)" % address)
        peer, _ = listener.accept()
        with peer:
            assert ask("(uwsgi.send(%d, b'ping'), uwsgi.is_connected(%d))" % (fd, fd)) == (True, True)
            assert peer.recv(10) == b"ping"
            peer.sendall(b"pong")
            assert ask("(uwsgi.recv(%d, 2), uwsgi.recv(%d))" % (fd, fd)) == (b"po", b"ng")
            peer.shutdown(socket.SHUT_WR)
            assert ask("uwsgi.recv(%d)" % fd) is None
            assert ask("uwsgi.close(%d)" % fd) is None
            assert peer.recv(1) == b""
    assert ask("uwsgi.connect(%r)" % address) == -1


def test_a_connection_that_is_not_waited_for(ask):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd = "uwsgi.async_connect('127.0.0.1:%d')" % listener.getsockname()[1]
        steps = "[fd := %s, uwsgi.wait_fd_write(fd, 5), uwsgi.suspend(), uwsgi.ready_fd() == fd, uwsgi.is_connected(fd), uwsgi.close(fd)]" % fd
        assert ask(steps)[1:] == [b"", True, True, True, None]


@pytest.mark.parametrize("way", ["--http-socket", "--http"])
def test_send_is_a_part_of_the_body_or_the_whole_answer(mortise, way):
    source = """
import uwsgi
def application(environ, start_response):
    if environ["PATH_INFO"] == "/raw":
        uwsgi.send(b"HTTP/1.1 202 Accepted\\r\\nContent-Length: 3\\r\\n\\r\\nraw")
        return b""
    start_response("200 OK", [])
    uwsgi.send("one ")
    uwsgi.send(b"two")
    return [b" three"]
"""
    server = mortise(way, "127.0.0.1:0", "--wsgi-file", "app.py", files={"app.py": source})
    answer = server.get("/body")
    assert (answer.status, answer.body) == (200, b"one two three")
    answer = server.get("/raw")
    assert (answer.status, answer.body) == (202, b"raw")
    assert "did not call start_response" not in server.log


# ---- bodies ----

CHUNKS = """
import uwsgi
def application(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/nb":
        return [repr(uwsgi.chunked_read_nb()).encode()]
    parts = iter(lambda: uwsgi.chunked_read(5), b"")
    return [b"|".join(parts)]
"""


def test_chunks_are_read_as_they_come(wsgi):
    server = wsgi(CHUNKS)
    head = b"POST /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect() as sock:
        sock.sendall(head % b"" + b"3\r\nabc\r\n")
        sock.sendall(b"2\r\nde\r\n0\r\n\r\n")
        body = read_all(sock).partition(b"\r\n\r\n")[2]
    assert b"".join(re.findall(rb"[a-e]+", body)) == b"abcde"
    with server.connect() as sock:
        sock.sendall(head % b"nb")
        answer = sock.recv(4096)
        assert b"None" in answer


def test_a_chunk_that_does_not_come_is_an_error(wsgi):
    source = CHUNKS.replace("uwsgi.chunked_read(5)", "uwsgi.chunked_read(1)")
    server = wsgi(source)
    with server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        read_all(sock)
    server.wait_for_log("OSError: the next chunk of the request body did not come")


FILES = """
import uwsgi
def application(environ, start_response):
    arguments = eval(environ["HTTP_X_EVAL"])
    if environ["PATH_INFO"] == "/early":
        uwsgi.sendfile("data")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/offload":
        return uwsgi.offload(*arguments)
    assert uwsgi.sendfile(*arguments) is True
    return b""
"""
DATA = bytes(range(256)) * 1024


def test_files_are_sent_as_the_body(wsgi):
    server = wsgi(FILES)
    (server.folder / "data").write_bytes(DATA)

    def get(arguments, path="/"):
        return server.get(path, headers={"X-Eval": arguments})

    assert get("['data']").body == DATA
    assert get("[open('data', 'rb'), 0, 10, 20]").body == DATA[10:30]
    assert get("['data', 0, len(open('data', 'rb').read()), 0]").body == b""
    assert server.request("HEAD", headers={"X-Eval": "['data']"}).status == 200
    assert get("['data']", "/early").status == 500
    server.wait_for_log("RuntimeError: a file is a body: call start_response first")
    get("['missing']")
    server.wait_for_log(r"FileNotFoundError: \[Errno 2\] No such file or directory: 'missing'")
    get("['/dev/null']")
    server.wait_for_log("ValueError: only regular files can be sent")


@pytest.mark.parametrize("args", [[], ["--offload-threads", "1"]], ids=lambda args: "threads" if args else "none")
def test_a_file_can_be_left_to_offload_threads(wsgi, args):
    server = wsgi(FILES, *args)
    (server.folder / "data").write_bytes(DATA)
    for _ in range(3):
        assert server.get("/offload", headers={"X-Eval": "['data']"}).body == DATA
    assert server.get("/offload", headers={"X-Eval": "['data', 100]"}).body == DATA[:100]
    assert "exception" not in server.log


# ---- signals ----


def test_a_request_can_wait_for_a_signal_whose_handler_runs_as_well(wsgi):
    source = """
import uwsgi
uwsgi.register_signal(17, "worker1", lambda number: print("handler of", number, flush=True))
def application(environ, start_response):
    if environ["PATH_INFO"] == "/raise":
        uwsgi.signal(17)
        answer = b"raised"
    else:
        print("waiting", flush=True)
        answer = uwsgi.signal_wait(17) + b"%d" % uwsgi.signal_received()
    start_response("200 OK", [])
    return [answer]
"""
    server = wsgi(source, "--threads", "2")
    with server.connect(timeout=0.2) as waiting:
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        server.wait_for_log("waiting")

        def answered():  # the other thread, which serves, may take a signal as well as the one that waits
            assert server.get("/raise").body == b"raised"
            try:
                return waiting.recv(4096)
            except socket.timeout:
                return b""

        assert wait_until(answered, what="the end of signal_wait()").endswith(b"17")
    server.wait_for_log("handler of 17")
