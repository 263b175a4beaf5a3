"""Files without the application, by the workers and by the gateway: each request is sent both ways, and the answers are the same."""

import email.utils
import gzip
import os
import socket
import time

import pytest

from http_wire import WAYS, Wire, process_of, start_probe
from mortise import open_files, run

TEXT = b"the quick brown fox\n" * 100


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "files"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "bare").mkdir()
    (folder / "a.txt").write_bytes(TEXT)
    (folder / "empty.css").write_bytes(b"")
    (folder / "a b+é.txt").write_bytes(b"odd name")
    (folder / "page.php").write_bytes(b"<?php ?>")
    (folder / "sub" / "index.html").write_bytes(b"<h1>index</h1>")
    (folder / "sub" / "deep" / "x.js").write_bytes(b"x()")
    (folder / "large.bin").write_bytes(os.urandom(3_000_000))
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "s.txt").write_bytes(b"shared")
    os.symlink(tmp_path / "secret.txt", folder / "leak.txt")
    os.symlink("../secret.txt", folder / "leak2.txt")
    os.symlink(tmp_path / "shared", folder / "shared")
    os.symlink("a.txt", folder / "inner.txt")
    os.mkfifo(folder / "fifo")
    return folder


def ask(server, path, headers="", method="GET", times=("date", "expires")):
    """The answer, which is the same both ways."""
    answers = []
    for way in WAYS:
        with Wire(server, way) as wire:
            for _ in range(2):  # the connection is kept
                wire.get(path, method=method, headers=headers)
                answers.append(wire.response(method))
    shown = [(answer.status, answer.body, {k: v for k, v in answer.headers.items() if k not in times}) for answer in answers]
    assert shown[0] == shown[1] == shown[2] == shown[3]
    return answers[0]


def test_a_file_below_a_mount_is_served(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    answer = ask(server, "/static/a.txt")
    assert (answer.status, answer.body) == (200, TEXT)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-length"] == str(len(TEXT))
    assert answer.headers["accept-ranges"] == "bytes"
    assert email.utils.parsedate_to_datetime(answer.headers["last-modified"]).timestamp() == int(os.stat(root / "a.txt").st_mtime)
    assert answer.headers["etag"].startswith('"')
    assert ask(server, "/static/large.bin").body == (root / "large.bin").read_bytes()
    assert ask(server, "/static/a%20b+%C3%A9.txt").body == b"odd name"
    assert ask(server, "/static/sub/deep/x.js").body == b"x()"
    assert ask(server, "/static/empty.css").body == b""
    assert ask(server, "/static/inner.txt").body == TEXT
    assert ask(server, "/static/a.txt?v=1").body == TEXT
    head = ask(server, "/static/a.txt", method="HEAD")
    assert head.headers["content-length"] == str(len(TEXT))


@pytest.mark.parametrize(
    "path",
    ["/static/none", "/static", "/static/", "/static/bare", "/static/bare/", "/staticx/a.txt", "/static/a.txt/", "/static/../secret.txt",
     "/static/%2e%2e/secret.txt", "/static/sub/../../secret.txt", "/static/..%2fsecret.txt", "/static/leak.txt", "/static/leak2.txt",
     "/static/shared/s.txt", "/static/fifo/x", "/static//etc/passwd", "/static/%2fetc/passwd", "/", "/static/" + "x" * 300, "/static/" + "x/" * 2000],
)
def test_the_application_gets_what_is_no_file_below_the_folder(mortise, root, path):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    assert ask(server, path).body == b"hello"


def test_a_folder_that_is_not_there_is_told(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s/absent" % root, "--static-map=/there=%s" % root)
    assert ("warning: static: static-map = /static=%s/absent: No such file or directory: nothing is served from there "
            "(correct the path, or create it)\n" % root) in server.log
    assert "/there" not in server.log
    (root / "absent").mkdir()
    (root / "absent/a.txt").write_bytes(TEXT)
    assert ask(server, "/static/a.txt").body == TEXT


def test_dots_within_the_folder_are_no_harm(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    assert ask(server, "/static/sub/../a.txt").body == TEXT


def test_other_methods_are_the_applications(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    for method in ("POST", "OPTIONS", "DELETE"):
        assert ask(server, "/static/a.txt", method=method).body == b"hello"


def test_a_fifo_holds_nobody(mortise, root):
    assert ask(start_probe(mortise, "--static-map=/static=%s" % root), "/static/fifo").status == 403


def test_links_may_lead_into_safe_folders(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--static-safe=%s" % (root.parent / "shared"))
    assert ask(server, "/static/shared/s.txt").body == b"shared"
    assert ask(server, "/static/leak.txt").body == b"hello"


def test_map2_looks_up_the_whole_path_and_a_mount_may_be_a_file(mortise, root):
    server = start_probe(mortise, "--static-map2=/sub=%s" % root, "--static-map=/favicon.ico=%s" % (root / "a.txt"))
    assert ask(server, "/sub/deep/x.js").body == b"x()"
    assert ask(server, "/favicon.ico").body == TEXT
    assert ask(server, "/favicon.ico/x").body == b"hello"


def test_check_static_serves_what_is_there(mortise, root):
    server = start_probe(mortise, "--check-static=%s" % root, "--static-skip-ext=.php")
    assert ask(server, "/a.txt").body == TEXT
    assert ask(server, "/page.php").body == b"hello"
    assert ask(server, "/other").body == b"hello"


def test_a_folder_has_an_index(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--static-index=none.html", "--static-index=index.html")
    assert ask(server, "/static/sub/").body == b"<h1>index</h1>"
    answer = ask(server, "/static/sub?q=1")
    assert (answer.status, answer.headers["location"]) == (301, "/static/sub/?q=1")
    assert ask(server, "/static/bare/").body == b"hello"
    assert ask(server, "//static/sub").headers.get("location", "/") [:2] != "//"


@pytest.mark.parametrize(
    "asked, status, content_range, part",
    [
        ("bytes=0-4", 206, "bytes 0-4/2000", TEXT[:5]), ("bytes=1990-", 206, "bytes 1990-1999/2000", TEXT[1990:]),
        ("bytes=-3", 206, "bytes 1997-1999/2000", TEXT[-3:]), ("bytes=0-99999", 206, "bytes 0-1999/2000", TEXT),
        ("BYTES=5-5", 206, "bytes 5-5/2000", TEXT[5:6]), ("bytes=-99999", 206, "bytes 0-1999/2000", TEXT),
        ("bytes=2000-", 416, "bytes */2000", b""), ("bytes=-0", 416, "bytes */2000", b""),
        ("bytes=5-2", 200, None, TEXT), ("bytes=a-b", 200, None, TEXT), ("lines=1-2", 200, None, TEXT), ("bytes=0-1,3-4", 200, None, TEXT),
        ("bytes=99999999999999999999-", 200, None, TEXT), ("bytes=+1-2", 200, None, TEXT),
    ],
)
def test_ranges(mortise, root, asked, status, content_range, part):
    answer = ask(start_probe(mortise, "--static-map=/static=%s" % root), "/static/a.txt", "Range: %s\r\n" % asked)
    assert (answer.status, answer.headers.get("content-range"), answer.body) == (status, content_range, part)


def test_conditions_are_obeyed(mortise, root):
    os.utime(root / "a.txt", (1_600_000_000, 1_600_000_000))
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    etag = ask(server, "/static/a.txt").headers["etag"]
    date, before = (email.utils.formatdate(seconds, usegmt=True) for seconds in (1_600_000_000, 1_599_999_999))

    def status(headers):
        answer = ask(server, "/static/a.txt", headers)
        assert answer.status != 304 or (answer.headers["etag"] == etag and answer.body == b"")
        return answer.status

    assert status("If-None-Match: %s\r\n" % etag) == 304
    assert status('If-None-Match: "x", W/%s\r\n' % etag) == 304
    assert status("If-None-Match: *\r\n") == 304
    assert status('If-None-Match: "x"\r\n') == 200
    assert status("If-Modified-Since: %s\r\n" % date) == 304
    assert status("If-Modified-Since: %s\r\n" % before) == 200
    assert status("If-Modified-Since: nonsense\r\n") == 200
    assert status('If-None-Match: "x"\r\nIf-Modified-Since: %s\r\n' % date) == 200
    assert status("If-Match: %s\r\n" % etag) == 200
    assert status('If-Match: "x"\r\n') == 412
    assert status("If-Unmodified-Since: %s\r\n" % before) == 412
    assert status("If-Unmodified-Since: %s\r\n" % date) == 200
    assert status("Range: bytes=0-1\r\nIf-Range: %s\r\n" % etag) == 206
    assert status('Range: bytes=0-1\r\nIf-Range: "x"\r\n') == 200
    assert status("Range: bytes=0-1\r\nIf-Range: %s\r\n" % date) == 206
    assert status("Range: bytes=0-1\r\nIf-Range: %s\r\n" % before) == 200


def test_conditions_have_an_order(mortise, root):
    """RFC 9110 13.2.2: a tag counts for more than a date, and what must hold is asked first."""
    os.utime(root / "a.txt", (1_600_000_000, 1_600_000_000))
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    etag = ask(server, "/static/a.txt").headers["etag"]
    date, before = (email.utils.formatdate(seconds, usegmt=True) for seconds in (1_600_000_000, 1_599_999_999))
    fields = {"match": "If-Match: %s\r\n" % etag, "no match": 'If-Match: "x"\r\n', "none": 'If-None-Match: "x"\r\n', "some": "If-None-Match: %s\r\n" % etag,
              "older": "If-Modified-Since: %s\r\n" % before, "since": "If-Modified-Since: %s\r\n" % date,
              "changed": "If-Unmodified-Since: %s\r\n" % before, "part": "Range: bytes=0-1\r\n"}
    for names, status in (
        (("match", "changed"), 200), (("no match", "some"), 412), (("changed", "some"), 412), (("match", "some"), 304), (("none", "since"), 200),
        (("some", "older"), 304), (("changed", "part"), 412), (("some", "part"), 304), (("match", "none", "part"), 206),
    ):
        assert ask(server, "/static/a.txt", "".join(fields[name] for name in names)).status == status, names


def test_a_304_has_what_the_200_would_tell(mortise, root):
    """RFC 9110 15.4.5; 206 as well (15.3.7)."""
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--static-expires=a.txt 60", "--static-gzip-all")
    whole = ask(server, "/static/a.txt").headers
    for headers, status in (("If-None-Match: *\r\n", 304), ("Range: bytes=1-2\r\n", 206)):
        answer = ask(server, "/static/a.txt", headers)
        assert answer.status == status and "expires" in answer.headers and "date" in answer.headers
        assert all(answer.headers[name] == whole[name] for name in ("etag", "cache-control", "vary", "last-modified"))


def test_conditions_in_several_lines_are_one_list(mortise, root):
    """RFC 9110 5.3."""
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    etag, modified = (ask(server, "/static/a.txt").headers[name] for name in ("etag", "last-modified"))
    for headers, status in (
        ('If-None-Match: %s\r\nIf-None-Match: "x"\r\n' % etag, 304), ('If-None-Match: "x"\r\nIf-None-Match: %s\r\n' % etag, 304),
        ('If-Match: %s\r\nIf-Match: "x"\r\n' % etag, 200), ("Range: bytes=0-1\r\nRange: bytes=3-4\r\n", 200),
        ("If-Modified-Since: x\r\nIf-Modified-Since: %s\r\n" % modified, 200),
    ):
        assert ask(server, "/static/a.txt", headers).status == status, headers


def test_head_has_no_ranges(mortise, root):
    """RFC 9110 14.2: they are defined for GET alone."""
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    for asked in ("bytes=0-4", "bytes=9999-"):
        answer = ask(server, "/static/a.txt", "Range: %s\r\n" % asked, method="HEAD")
        assert (answer.status, answer.headers["content-length"]) == (200, str(len(TEXT)))


def test_dates_have_three_forms(mortise, root):
    """RFC 9110 5.6.7; what is no date is ignored (13.1.3)."""
    os.utime(root / "a.txt", (784111777, 784111777))
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    for date in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
        assert ask(server, "/static/a.txt", "If-Modified-Since: %s\r\n" % date).status == 304
        assert ask(server, "/static/a.txt", "Range: bytes=0-1\r\nIf-Range: %s\r\n" % date).status == 206
    for date in ("Sun, 06 Nov 2094 08:49:37 CET", "Sat, 31 Feb 2015 08:49:37 GMT", "Sun, 06 Nov 2094 08:49:37 GMT x", "1999-11-06T08:49:37Z", "0", ""):
        assert ask(server, "/static/a.txt", "If-Modified-Since: %s\r\n" % date).status == 200


@pytest.mark.parametrize("second", range(7))
def test_a_range_holds_as_long_as_the_file_is_the_one_of_the_date(mortise, root, second):
    os.utime(root / "a.txt", (1_600_000_000 + 86400 * second,) * 2)  # each day of the week
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    date = ask(server, "/static/a.txt").headers["last-modified"]
    assert ask(server, "/static/a.txt", "Range: bytes=0-1\r\nIf-Range: %s\r\n" % date).status == 206
    etag = ask(server, "/static/a.txt").headers["etag"]
    assert ask(server, "/static/a.txt", "Range: bytes=0-1\r\nIf-Range: W/%s\r\n" % etag).status == 200


def test_no_file_was_changed_in_the_future(mortise, root):
    """RFC 9110 8.8.2.1: Last-Modified is not later than Date."""
    os.utime(root / "a.txt", (time.time() + 86400,) * 2)
    answer = ask(start_probe(mortise, "--static-map=/static=%s" % root), "/static/a.txt", times=("date", "last-modified"))
    modified, date = (email.utils.parsedate_to_datetime(answer.headers[name]) for name in ("last-modified", "date"))
    assert abs((modified - date).total_seconds()) < 5


def test_what_is_left_to_the_application_is_so_behind_links_and_as_an_index(mortise, root):
    (root / "sub" / "index.php").write_text("<?php secret ?>")
    os.symlink("page.php", root / "page.txt")
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--static-index=index.php", "--static-skip-ext=.php")
    for path in ("/static/page.php", "/static/page.txt", "/static/sub/", "/static/sub", "/static/page%2Ephp", "/static/page.php/", "/static/./page.php"):
        assert ask(server, path).body == b"hello", path


def test_a_slash_may_be_escaped(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    assert ask(server, "/static/sub%2fdeep%2Fx.js").body == b"x()"
    assert ask(server, "/%73tatic%2fa.txt").body == TEXT


def test_a_path_that_no_head_can_hold_is_the_applications(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--static-index=index.html")
    assert ask(server, "/static/sub?" + "q" * 1900).status == 301
    assert ask(server, "/static/sub?" + "q" * 2100).body == b"hello"


def test_a_socket_is_no_file(mortise, root):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(root / "x.sock"))
        assert ask(start_probe(mortise, "--static-map=/static=%s" % root), "/static/x.sock").body == b"hello"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_is_403(mortise, root):
    (root / "a.txt").chmod(0)
    assert ask(start_probe(mortise, "--static-map=/static=%s" % root), "/static/a.txt").status == 403


def test_a_part_of_a_huge_file_is_served(mortise, root):
    with open(root / "huge", "wb") as file:
        file.truncate(5 << 30)
        file.seek((5 << 30) - 3)
        file.write(b"end")
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    answer = ask(server, "/static/huge", "Range: bytes=-5\r\n")
    assert (answer.body, answer.headers["content-range"]) == (b"\0\0end", "bytes 5368709115-5368709119/5368709120")
    assert ask(server, "/static/huge", method="HEAD").headers["content-length"] == str(5 << 30)


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_becomes_shorter_while_it_is_sent_ends_the_connection(mortise, root, way):
    with open(root / "shrinks", "wb") as file:
        file.truncate(64 << 20)
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    with Wire(server, way) as wire:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        wire.get("/static/shrinks")
        assert wire.head().headers["content-length"] == str(64 << 20)
        os.truncate(root / "shrinks", 0)
        assert len(wire.rest()) < 64 << 20
    with Wire(server, way) as wire:
        wire.get("/static/a.txt")
        assert wire.response().body == TEXT


def test_document_root_is_looked_up_where_asked_for(mortise, root):
    server = start_probe(mortise, "--check-static-docroot", "--http-var=DOCUMENT_ROOT=%s" % root)
    for path, body in (("/a.txt", TEXT), ("/../secret.txt", b"hello"), ("/none", b"hello")):
        with Wire(server) as wire:
            wire.get(path)
            assert wire.response().body == body


@pytest.mark.parametrize("option", ["fileserve-mode", "file-serve-mode"])
@pytest.mark.parametrize("mode, header", [("x-sendfile", "x-sendfile"), ("x-accel-redirect", "x-accel-redirect"), ("nginx", "x-accel-redirect")])
def test_a_frontend_is_told_which_file_to_send(mortise, root, option, mode, header):
    (root / "odd\nname").write_bytes(b"")
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--%s=%s" % (option, mode), "--static-expires=a.txt 60")
    answer = ask(server, "/static/a.txt", "Range: bytes=0-1\r\n")
    assert (answer.status, answer.body, answer.headers[header], answer.headers["cache-control"]) == (200, b"", str(root / "a.txt"), "max-age=60")
    assert ask(server, "/static/odd%0aname").body == b"hello"


def test_files_expire_as_configured(mortise, root):
    os.utime(root / "a.txt", (1_600_000_000, 1_600_000_000))
    server = start_probe(
        mortise, "--static-map=/static=%s" % root, r"--static-expires=.*\.js$ 60", "--static-expires-type=text/css=120",
        "--static-expires-uri=^/static/sub 30", "--static-expires-path-info-mtime=a.txt 10",
    )
    for path, seconds in (("/static/sub/deep/x.js", 60), ("/static/empty.css", 120), ("/static/sub/index.html", 30)):
        answer = ask(server, path)
        assert answer.headers["cache-control"] == "max-age=%d" % seconds
        expires = email.utils.parsedate_to_datetime(answer.headers["expires"]).timestamp()
        assert abs(expires - time.time() - seconds) < 5
    answer = ask(server, "/static/a.txt")
    assert answer.headers["expires"] == email.utils.formatdate(1_600_000_010, usegmt=True)
    assert "expires" not in ask(server, "/static/large.bin").headers


@pytest.mark.parametrize("option", ["--static-gzip-all", "--static-gzip-ext=.txt", "--static-gzip=a.t.t", "--static-gzip-dir=%(root)s"])
def test_a_compressed_file_is_served_to_who_takes_it(mortise, root, option):
    (root / "a.txt.gz").write_bytes(gzip.compress(TEXT))
    server = start_probe(mortise, "--static-map=/static=%s" % root, option.replace("%(root)s", str(root)))
    answer = ask(server, "/static/a.txt", "Accept-Encoding: deflate, gzip\r\n")
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert answer.headers["content-type"].startswith("text/plain") and gzip.decompress(answer.body) == TEXT
    plain = ask(server, "/static/a.txt")
    assert plain.body == TEXT and plain.headers["vary"] == "Accept-Encoding"
    for refusal in ("gzip;q=0", "gzip; Q=0.000", "identity", "x-gzip", "gzipx"):
        assert ask(server, "/static/a.txt", "Accept-Encoding: %s\r\n" % refusal).body == TEXT
    assert ask(server, "/static/a.txt", "Accept-Encoding: br, GZIP;q=0.1\r\n").headers["content-encoding"] == "gzip"


def test_types_come_from_the_mime_file(mortise, root, tmp_path):
    (tmp_path / "types").write_text("# own\nx-own/thing js  odd\n")
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--mimefile=%s" % (tmp_path / "types"))
    assert ask(server, "/static/sub/deep/x.js").headers["content-type"] == "x-own/thing"
    assert ask(server, "/static/large.bin").headers["content-type"] == "application/octet-stream"


def test_each_of_several_mime_files_counts_and_of_the_same_ending_the_last(mortise, root, tmp_path):
    (tmp_path / "one").write_text("x-one/js js\nx-one/txt txt\n")
    (tmp_path / "two").write_text("x-two/css css\nx-two/txt txt\n")
    (tmp_path / "three").write_text("x-three/bin bin\n")
    files = "--mimefile=%s --mime-file=%s --mimefile=%s" % tuple(tmp_path / name for name in ("one", "two", "three"))
    server = start_probe(mortise, "--static-map=/static=%s" % root, *files.split())
    for path, content_type in (("sub/deep/x.js", "x-one/js"), ("a.txt", "x-two/txt"), ("empty.css", "x-two/css"), ("large.bin", "x-three/bin")):
        assert ask(server, "/static/" + path).headers["content-type"] == content_type


@pytest.mark.parametrize("option", ["mimefile", "mime-file"])
@pytest.mark.parametrize("path, cause", [("absent", "No such file or directory"), (".", "Is a directory")])
def test_a_mime_file_that_cannot_be_read_ends_the_start(tmp_path, option, path, cause):
    done = run(tmp_path, "--http-socket=127.0.0.1:0", "--static-map=/static=.", "--%s=%s" % (option, path))
    assert done.returncode == 66
    hint = "(name a file that can be read, with lines such as: text/css css)"
    assert "error: %s = %s: %s %s\n" % (option, path, cause, hint) in done.stdout


def test_a_link_that_moves_on_is_followed(mortise, root, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which").write_text(name)
    current = tmp_path / "current"
    current.symlink_to("one")
    server = start_probe(mortise, "--static-map=/static=%s" % current)
    assert ask(server, "/static/which").body == b"one"
    (tmp_path / "next").symlink_to("two")
    os.replace(tmp_path / "next", current)
    deadline = time.monotonic() + 5
    seen = set()
    while seen != {b"two"} and time.monotonic() < deadline:
        time.sleep(0.2)
        seen = set()
        for way in WAYS:
            with Wire(server, way) as wire:
                wire.get("/static/which")
                seen.add(wire.response().body)
    assert seen == {b"two"}


def test_every_change_of_a_file_is_seen_at_once(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    path = root / "a.txt"
    for round in range(5):
        path.write_bytes(b"written in place %d" % round)
        assert ask(server, "/static/a.txt").body == b"written in place %d" % round
        (root / "next").write_bytes(b"put in its place %d" % round)
        os.replace(root / "next", path)
        assert ask(server, "/static/a.txt").body == b"put in its place %d" % round
    path.unlink()
    assert ask(server, "/static/a.txt").body == b"hello"  # of the application
    os.symlink("../secret.txt", path)
    assert ask(server, "/static/a.txt").body == b"hello"


def test_the_gateway_keeps_few_files_open(mortise, root):
    for i in range(50):
        (root / ("%d.txt" % i)).write_bytes(b"file %d" % i)
    server = start_probe(mortise, "--static-map=/static=%s" % root, "--max-fd=256")
    for _ in range(2):
        for i in range(50):
            assert ask(server, "/static/%d.txt" % i).body == b"file %d" % i
    held = open_files(process_of(server, "http"))
    assert 1 <= len([path for path in held if path.endswith(".txt")]) <= 8, held


def test_pipelined_requests_for_files_are_answered_in_order(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root)
    for way in WAYS:
        with Wire(server, way) as wire:
            one = b"GET /static/%s HTTP/1.1\r\nHost: a\r\n\r\n"
            wire.send((one % b"a.txt" + one % b"large.bin" + one % b"none") * 5)
            for _ in range(5):
                assert wire.response().body == TEXT
                assert len(wire.response().body) == 3_000_000
                assert wire.response().body == b"hello"


def test_a_client_that_does_not_read_its_file_hinders_nobody_at_the_gateway(mortise, root):
    server = start_probe(mortise, "--static-map=/static=%s" % root, threads=1)
    slow = Wire(server)
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    slow.get("/static/large.bin")
    for _ in range(3):
        with Wire(server) as wire:
            wire.get("/static/large.bin")
            assert len(wire.response().body) == 3_000_000
    assert slow.response().body == (root / "large.bin").read_bytes()
    slow.sock.close()


def test_a_mount_that_is_not_one_is_refused(mortise, tmp_path):
    from mortise import run

    result = run(tmp_path, "--static-map=/static", "--http-socket=127.0.0.1:0", "--no-need-app")
    assert result.returncode != 0 and "not of the form /path=FOLDER" in result.stdout


def test_a_mode_that_no_frontend_knows_is_refused(mortise, tmp_path):
    from mortise import run

    result = run(tmp_path, "--fileserve-mode=apache", "--static-map=/=/tmp", "--http-socket=127.0.0.1:0", "--no-need-app")
    assert result.returncode != 0 and "static: --fileserve-mode apache: neither x-sendfile nor x-accel-redirect" in result.stdout
