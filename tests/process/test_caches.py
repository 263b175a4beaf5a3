"""Caches: shared by processes, expiring, kept in files, asked by other servers."""

import os
import signal
import struct

import pytest

from mortise import children, read_all, run, wait_until

EVAL = """
import os, uwsgi

def application(environ, start_response):
    value = eval(environ["HTTP_X_EVAL"])
    start_response("200 OK", [])
    return [repr((os.getpid(), value)).encode()]
"""


def ask_with_pid(server, expression):
    return eval(server.get(headers={"X-Eval": expression}).text)


def ask(server, expression):
    return ask_with_pid(server, expression)[1]


@pytest.fixture
def caches(wsgi):
    def start(*args, **kwargs):
        return wsgi(EVAL, *args, "--socket", "127.0.0.1:0", **kwargs)

    return start


def packet(server, modifier2, payload=b"", body=b"", modifier1=111):
    with server.connect("uwsgi") as sock:
        sock.sendall(struct.pack("<BHB", modifier1, len(payload), modifier2) + payload + body)
        return read_all(sock)


def pairs(**values):
    block = b""
    for key, value in values.items():
        for text in (key.encode(), value):
            block += struct.pack("<H", len(text)) + text
    return block


def test_what_one_worker_stores_all_workers_have(caches):
    server = caches("--cache2", "name=one,items=10", "--processes", "2")
    first, stored = ask_with_pid(server, "uwsgi.cache_set('k', b'v\\0w')")
    assert stored is True
    os.kill(first, signal.SIGKILL)
    second, value = ask_with_pid(server, "uwsgi.cache_get('k')")
    assert (second != first, value) == (True, b"v\0w")
    assert ask(server, "uwsgi.cache_set('k', 'other')") is None
    assert ask(server, "uwsgi.cache_update('k', 'other')") is True
    assert ask(server, "(uwsgi.cache_exists('k'), uwsgi.cache_exists('none'), uwsgi.cache_get('none'))") == (True, None, None)
    assert ask(server, "(uwsgi.cache_del('k'), uwsgi.cache_del('k'))") == (True, None)


def test_caches_are_found_by_name_and_listed(caches):
    server = caches("--cache2", "name=one,items=10", "--cache2", "name=two,items=10", "--add-cache-item", "two hello=world")
    assert ask(server, "(uwsgi.cache_get('hello'), uwsgi.cache_get('hello', 'two'))") == (None, b"world")
    assert ask(server, "[uwsgi.cache_set(k, k, 0, 'two') for k in 'abc'] and sorted(uwsgi.cache_keys('two'))") == [b"a", b"b", b"c", b"hello"]
    assert ask(server, "uwsgi.cache_clear('two') and uwsgi.cache_keys('two')") == []
    assert ask(server, "uwsgi.cache_get('k', 'three')") is None


def test_numbers_are_counted_together_by_all_workers(caches):
    server = caches("--cache2", "name=n,items=10,math_initial=100", "--processes", "2", "--threads", "2")
    for _ in range(20):
        ask(server, "uwsgi.cache_inc('hits')")
    assert ask(server, "uwsgi.cache_num('hits')") == 120
    ask(server, "[uwsgi.cache_mul('hits', 2), uwsgi.cache_dec('hits', 40), uwsgi.cache_div('hits', 10)]")
    assert ask(server, "uwsgi.cache_num('hits')") == 20


def test_an_item_is_gone_when_it_expired_and_the_sweeper_frees_its_place(caches):
    server = caches("--cache2", "name=e,items=2", "--cache-expire-freq", "1", "--cache-report-freed-items")
    assert ask(server, "(uwsgi.cache_set('short', 'x', 1), uwsgi.cache_set('long', 'x', 100), uwsgi.cache_set('no', 'x'))") == (True, True, None)
    wait_until(lambda: ask(server, "uwsgi.cache_get('short')") is None)
    server.wait_for_log("cache 'e': 1 expired items removed")
    assert ask(server, "(uwsgi.cache_set('no', 'x'), uwsgi.cache_get('long'))") == (True, b"x")


def test_a_full_cache_says_so_or_gives_up_what_was_used_longest_ago(caches):
    server = caches("--cache2", "name=full,items=3", "--cache2", "name=lru,items=3,purge_lru=1")
    assert ask(server, "[uwsgi.cache_set(k, k) for k in 'abcd']") == [True, True, True, None]
    server.wait_for_log("cache 'full' is full")
    assert ask(server, "[uwsgi.cache_set(k, k, 0, 'lru') for k in 'abc'] and uwsgi.cache_get('a', 'lru')") == b"a"
    assert ask(server, "uwsgi.cache_set('d', 'd', 0, 'lru')") is True
    assert ask(server, "sorted(uwsgi.cache_keys('lru'))") == [b"a", b"c", b"d"]


def test_values_are_refused_that_are_larger_than_a_block_unless_blocks_are_shared(caches):
    server = caches("--cache2", "name=s,items=10,blocksize=10", "--cache2", "name=b,items=10,blocksize=10,blocks=20,bitmap=1")
    assert ask(server, "(uwsgi.cache_set('k', 'x' * 11), uwsgi.cache_set('k', 'x' * 200, 0, 'b'), uwsgi.cache_set('l', 'x', 0, 'b'))") == (None, True, None)
    assert ask(server, "uwsgi.cache_get('k', 'b')") == b"x" * 200


def test_a_store_keeps_items_over_a_restart_and_a_reload(caches, tmp_path):
    store = "name=s,items=10,store=%s" % (tmp_path / "items")
    server = caches("--cache2", store)
    assert ask(server, "uwsgi.cache_set('k', 'kept')") is True
    server.stop()
    server = caches("--cache2", store)
    pid, value = ask_with_pid(server, "uwsgi.cache_get('k')")
    assert value == b"kept"
    ask(server, "uwsgi.cache_set('l', 'before the reload')")
    server.signal(signal.SIGHUP)
    wait_until(lambda: ask_with_pid(server, "1")[0] != pid)
    assert ask(server, "(uwsgi.cache_get('k'), uwsgi.cache_get('l'))") == (b"kept", b"before the reload")
    other = run(tmp_path, "--cache2", store.replace("items=10", "items=11"), "--socket", "127.0.0.1:0", "--no-need-app")
    assert other.returncode != 0
    assert "is of another size: it has a cache with other numbers (remove it, or add store_delete=1)" in other.stdout


def test_a_worker_that_is_killed_while_it_writes_leaves_a_cache_that_works(caches):
    server = caches("--cache2", "name=k,items=100,purge_lru=1", "--processes", "2")
    busy = "[uwsgi.cache_update(str(i % 300), 'x' * (i % 50)) for i in range(100000000)]"
    with server.connect("http") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Eval: %s\r\n\r\n" % busy.encode())
        victim = wait_until(lambda: next((pid for pid in children(server.process.pid) if cpu_seconds(pid) > 0.3), None))
        os.kill(victim, signal.SIGKILL)
    assert ask(server, "uwsgi.cache_update('after', 'x') and uwsgi.cache_get('after')") == b"x"
    assert ask(server, "len(uwsgi.cache_keys())") <= 100


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_files_are_in_the_cache_from_the_start(caches):
    server = caches("--cache2", "name=f,items=10", "--load-file-in-cache", "f hello.txt", "--load-file-in-cache-gzip", "f hello.txt",
                    files={"hello.txt": "hello\n" * 100})
    assert ask(server, "uwsgi.cache_get('hello.txt')") == b"hello\n" * 100
    assert ask(server, "__import__('gzip').decompress(uwsgi.cache_get('hello.txt.gz'))") == b"hello\n" * 100


def test_other_servers_get_and_set_items_over_the_uwsgi_protocol(caches):
    server = caches("--cache2", "name=one,items=10", "--cache2", "name=two,items=10")
    assert packet(server, 17, pairs(cmd=b"set", key=b"k", size=b"5", expires=b"0"), b"value") == b"\x6f\x0c\x00\x11" + pairs(status=b"ok")
    assert packet(server, 17, pairs(cmd=b"get", key=b"k"))[4:] == pairs(status=b"ok", size=b"5") + b"value"
    assert packet(server, 17, pairs(cmd=b"get", key=b"k", cache=b"two")) == b""
    assert packet(server, 17, pairs(cmd=b"set", key=b"k", size=b"5"), b"again") == b""
    assert packet(server, 0, b"k") == b"\x6f\x05\x00\x00value"
    assert packet(server, 5, b"k") == b"\x6f\x00\x00\x01value"
    assert packet(server, 5, b"none") == b"\x6f\x00\x00\x00"
    assert packet(server, 3, pairs(key=b"k")) == b"value"
    assert packet(server, 4, pairs(get=b"none")).startswith(b"HTTP/1.1 404")
    assert packet(server, 1, struct.pack("<H1sH3s", 1, b"l", 3, b"two")) == b""
    assert packet(server, 0, b"l")[4:] == b"two"
    assert packet(server, 2, b"l") == b"" == packet(server, 0, b"l")
    assert packet(server, 17, pairs(cmd=b"exists", key=b"k"))[4:] == pairs(status=b"ok")
    assert packet(server, 17, pairs(cmd=b"clear"))[4:] == pairs(status=b"ok")
    assert packet(server, 17, pairs(cmd=b"exists", key=b"k")) == b""
    assert packet(server, 6).startswith(b"\x6f")
    for bad in (b"", b"\x05", b"\xff\xff" * 10, pairs(cmd=b"set", key=b"k", size=b"99999999999")):
        assert packet(server, 17, bad) in (b"", packet(server, 99, b"x"))


def test_a_name_with_an_address_is_a_cache_of_another_server(caches):
    far = caches("--cache2", "name=far,items=10")
    near = caches("--cache2", "name=near,items=10")
    where = "far@%s:%d" % far.address("uwsgi")
    assert ask(near, "uwsgi.cache_set('k', b'v' * 60000, 100, %r)" % where) is True
    assert ask(near, "uwsgi.cache_set('k', 'again', 0, %r)" % where) is None
    assert ask(near, "uwsgi.cache_get('k', %r) == b'v' * 60000" % where) is True
    assert ask(far, "len(uwsgi.cache_get('k'))") == 60000
    assert ask(near, "uwsgi.cache_inc('n', 5, 0, %r)" % where) is True and ask(far, "uwsgi.cache_num('n')") == 5
    assert ask(near, "(uwsgi.cache_exists('k', %r), uwsgi.cache_del('k', %r), uwsgi.cache_exists('k', %r))" % (where, where, where)) == (True, True, None)
    assert ask(near, "uwsgi.cache_get('k', 'far@127.0.0.1:1')") is None


def test_a_server_starts_with_the_items_of_another_one_and_hears_of_changes(caches, free_udp_port):
    first = caches("--cache2", "name=c,items=10,udp=127.0.0.1:%d" % free_udp_port)
    ask(first, "uwsgi.cache_set('k', 'v')")
    second = caches("--cache2", "name=c,items=10,sync=%s:%d,node=127.0.0.1:%d" % (*first.address("uwsgi"), free_udp_port))
    assert ask(second, "uwsgi.cache_get('k')") == b"v"
    ask(second, "(uwsgi.cache_update('k', 'w'), uwsgi.cache_set('l', 'x', 100))")
    wait_until(lambda: ask(first, "(uwsgi.cache_get('k'), uwsgi.cache_get('l'))") == (b"w", b"x"))
    ask(second, "uwsgi.cache_del('k')")
    wait_until(lambda: ask(first, "uwsgi.cache_get('k')") is None)


@pytest.fixture
def free_udp_port():
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize("option, message", [
    (("--cache2", "name=x"), "cache 'name=x': it has no number of items (items=100)"),
    (("--cache2", "items=5,hash=sha"), "cache 'default': there is no hash 'sha' (djb33x or murmur2)"),
    (("--cache2", "items=5", "--cache2", "items=5"), "cache 'default': there are two of this name (give each its own: name=other)"),
    (("--cache2", "items=5", "--add-cache-item", "novalue"), "add-cache-item 'novalue': it has no value ([cache] key=value)"),
    (("--cache2", "items=5,store=/nonexistent/x"), "cache 'default': open /nonexistent/x: No such file or directory (correct store=, or the rights of its folder)"),
])
def test_a_cache_that_cannot_be_made_ends_the_start(tmp_path, option, message):
    done = run(tmp_path, *option, "--socket", "127.0.0.1:0", "--no-need-app")
    assert done.returncode != 0
    assert message in done.stdout


def test_the_old_options_make_one_cache(caches):
    server = caches("--cache", "100", "--cache-blocksize", "1000")
    assert ask(server, "(uwsgi.cache_set('k', 'x' * 1000), uwsgi.cache_set('l', 'x' * 1001))") == (True, None)
    assert "cache 'default': 100 items of at most 1000 bytes" in server.log
