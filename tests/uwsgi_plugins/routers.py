"""Plugins that act on requests through routes, transform responses, or route connections."""

import base64
import gzip
import hashlib
import os
import socket
import ssl
import subprocess
import threading

from .run import expect, wait_until


def _get(server, path, **kwargs):
    answer = server.get(path, **kwargs)
    return answer.status, answer.body


def router_redirect(run):
    server = run.server("--route", "^/old/(.*) redirect:/new/$1", "--route", "^/gone redirect-301:/moved")
    answer = server.get("/old/pear")
    expect((answer.status, answer.headers.get("location")) == (302, "/new/pear"), "%s %s" % (answer.status, answer.headers))
    expect(server.get("/gone").status == 301, "redirect-301 is no 301")
    expect(server.get("/").status == 200, "another path was redirected")


def router_rewrite(run):
    server = run.server("--route", "^/rewritten rewrite:/vars")
    expect(b"PATH_INFO=/vars" in server.get("/rewritten").body, "the path was not rewritten")


def router_basicauth(run):
    server = run.server("--route", "^/secret basicauth:Orchard,ann:pear")
    answer = server.get("/secret")
    expect(answer.status == 401 and "Orchard" in answer.headers.get("www-authenticate", ""), "no challenge")
    token = base64.b64encode(b"ann:pear").decode()
    expect(server.get("/secret", headers={"Authorization": "Basic " + token}).status == 200, "the password was refused")
    wrong = base64.b64encode(b"ann:apple").decode()
    expect(server.get("/secret", headers={"Authorization": "Basic " + wrong}).status == 401, "a wrong one was taken")


def router_expires(run):
    server = run.server("--route", "^/ expires:filename=page", files={"page": "x"})
    expect("expires" in server.get("/").headers, "no Expires header")


def router_hash(run):
    server = run.server("--route-run", "hash:key=${PATH_INFO},var=CHOSEN,items=left;right", "--route-run",
                        "addheader:Chosen: ${CHOSEN}")
    chosen = {path: server.get(path).headers.get("chosen") for path in ("/a", "/b", "/c", "/d", "/e", "/f")}
    expect(set(chosen.values()) <= {"left", "right"}, "chosen: %s" % chosen)
    expect(server.get("/a").headers.get("chosen") == chosen["/a"], "the same key chose another item")


def router_http(run):
    upstream = run.http()
    server = run.server("--route", "^/proxied http:" + upstream.address)
    expect(_get(server, "/proxied?x=1") == (200, b"upstream GET /proxied?x=1 "), "it answered %r" % (_get(server, "/proxied"),))


def router_uwsgi(run):
    upstream = run.server(sockets=("--socket", "127.0.0.1:0"))
    server = run.server("--route", "^/count uwsgi:%s:%d,200,0" % upstream.address("uwsgi"))
    answer = server.request("POST", "/count", body=b"x" * 1000)
    expect((answer.status, answer.body) == (200, b"1000"), "it answered %s %r" % (answer.status, answer.body))


def router_static(run):
    server = run.server("--route", "^/page static:page.html", files={"page.html": "<p>static</p>"})
    answer = server.get("/page")
    expect((answer.status, answer.body) == (200, b"<p>static</p>"), "it answered %s %r" % (answer.status, answer.body))
    expect(answer.headers.get("content-type") == "text/html", "the type is %s" % answer.headers.get("content-type"))


def router_cache(run):
    server = run.server("--cache2", "name=pages,items=20", "--route", "^/pid cache:key=${PATH_INFO},name=pages",
                        "--route", "^/pid cachestore:key=${PATH_INFO},name=pages", "--processes", "2")
    first = server.get("/pid").body
    expect(all(server.get("/pid").body == first for _ in range(10)), "the stored answer was not used")


def router_metrics(run):
    server = run.server("--metric", "name=visits", "--route", "^/ metricinc:visits", "--route-run",
                        "addheader:Visits: ${metric[visits]}")
    seen = [server.get("/").headers.get("visits") for _ in range(3)]
    expect(seen == ["1", "2", "3"], "the metric went %s" % seen)


def router_memcached(run):
    peer = run.tcp(lambda data: b"VALUE key 0 4\r\npear\r\nEND\r\n" if data.startswith(b"get ") else b"STORED\r\n")
    server = run.server("--route", "^/cached memcached:addr=%s,key=key,content_type=text/plain" % peer.address)
    expect(_get(server, "/cached") == (200, b"pear"), "it answered %r" % (_get(server, "/cached"),))


def router_redis(run):
    peer = run.tcp(lambda data: b"$4\r\npear\r\n" if b"get" in data else b"+OK\r\n")
    server = run.server("--route", "^/cached redis:addr=%s,key=key,content_type=text/plain" % peer.address)
    expect(_get(server, "/cached") == (200, b"pear"), "it answered %r" % (_get(server, "/cached"),))


def router_radius(run):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        threading.Thread(target=_accept_radius, args=(peer, b"secret"), daemon=True).start()
        server = run.server("--route", "^/secret radius:realm=Orchard,server=127.0.0.1:%d,secret=secret,nas_address=127.0.0.1"
                            % peer.getsockname()[1])
        token = base64.b64encode(b"ann:pear").decode()
        expect(server.get("/secret").status == 401, "no challenge")
        expect(server.get("/secret", headers={"Authorization": "Basic " + token}).status == 200, "the password was refused")
        wrong = base64.b64encode(b"eve:pear").decode()
        expect(server.get("/secret", headers={"Authorization": "Basic " + wrong}).status == 401, "another user was taken")


def _accept_radius(peer, secret):
    """RFC 2865: Access-Accept for ann, Access-Reject for others; passwords are not looked at."""
    while True:
        try:
            packet, address = peer.recvfrom(4096)
        except OSError:
            return
        head = bytes([2 if b"\x01\x05ann" in packet else 3, packet[1], 0, 20])
        peer.sendto(head + hashlib.md5(head + packet[4:20] + secret).digest(), address)


def xattr(run):
    server = run.server("--route-run", "addvar:PAGE=page", "--route-run",
                        "addheader:Fruit: ${xattr[PAGE:user.fruit]}", files={"page": ""})
    os.setxattr(server.folder / "page", "user.fruit", b"pear")
    expect(server.get("/").headers.get("fruit") == "pear", "the header is %s" % server.get("/").headers.get("fruit"))


def transformation_toupper(run):
    server = run.server("--route-run", "toupper:")
    expect(_get(server, "/") == (200, b"HELLO"), "it answered %r" % (_get(server, "/"),))


def transformation_chunked(run):
    server = run.server("--route", "^/pieces chunked:")
    answer = server.get("/pieces")
    expect((answer.status, answer.body) == (200, b"piece piece piece "), "it answered %s %r" % (answer.status, answer.body))
    expect(answer.headers.get("transfer-encoding") == "chunked", "it is not chunked")


def transformation_gzip(run):
    server = run.server("--route", "^/large gzip:")
    answer = server.get("/large?100000")
    expect(answer.headers.get("content-encoding") == "gzip", "it is not said to be compressed")
    expect(gzip.decompress(answer.body) == b"x" * 100000, "it does not decompress to what was sent")


def transformation_template(run):
    server = run.server("--route", "^/echo template:")
    answer = server.request("POST", "/echo", body=b"method ${REQUEST_METHOD}")
    expect(answer.body == b"method POST", "it answered %r" % answer.body)


def transformation_tofile(run):
    server = run.server("--route-run", "tofile:filename=kept${PATH_INFO}", files={"kept/.keep": ""})
    expect(_get(server, "/answer") == (200, b"hello"), "it answered %r" % (_get(server, "/answer"),))
    wait_until(lambda: (server.folder / "kept/answer").exists(), what="the file")
    expect((server.folder / "kept/answer").read_bytes() == b"hello", "the file has something else")


def transformation_offload(run):
    server = run.server("--offload-threads", "1", "--route", "^/large offload:")
    answer = server.get("/large?300000")
    expect(answer.body == b"x" * 300000, "%d bytes came" % len(answer.body))


def fastrouter(run):
    port, announcements = run.free_port(), run.free_port()
    run.server("--fastrouter", "127.0.0.1:%d" % port, "--fastrouter-subscription-server", "127.0.0.1:%d" % announcements)
    run.server("--subscribe2", "server=127.0.0.1:%d,key=localhost,modifier1=200" % announcements, "--subscribe-freq", "1",
               sockets=("--socket", "127.0.0.1:0"), alone=True)
    wait_until(lambda: b"200 OK" in _through(run, port), what="an answer through the router")


def _through(run, port):
    class Address:
        @staticmethod
        def connect(_scheme, timeout):
            return socket.create_connection(("127.0.0.1", port), timeout=timeout)
    from .run import array
    block = array("REQUEST_METHOD", "GET", "PATH_INFO", "/", "REQUEST_URI", "/", "SERVER_PROTOCOL", "HTTP/1.1",
                  "HTTP_HOST", "localhost", "SERVER_NAME", "localhost", "SERVER_PORT", "80", "QUERY_STRING", "")
    try:
        return run.packet(Address, 200, 0, block)
    except OSError:
        return b""


def rawrouter(run):
    upstream = run.http()
    port = run.free_port()
    run.server("--rawrouter", "127.0.0.1:%d" % port, "--rawrouter-to", upstream.address)

    def answered():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                sock.sendall(b"GET /raw HTTP/1.0\r\n\r\n")
                return b"upstream GET /raw" in b"".join(iter(lambda: sock.recv(4096), b""))
        except OSError:
            return False
    wait_until(answered, what="an answer through the router")


def sslrouter(run):
    crt, key = run.folder / "site.crt", run.folder / "site.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-out", crt, "-keyout", key], check=True, stderr=subprocess.DEVNULL)
    upstream = run.http()
    port = run.free_port()
    run.server("--sslrouter", "127.0.0.1:%d,%s,%s" % (port, crt, key), "--sslrouter-to", upstream.address)
    trust = ssl.create_default_context(cafile=crt)

    def answered():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                with trust.wrap_socket(sock, server_hostname="localhost") as encrypted:
                    encrypted.sendall(b"GET /hidden HTTP/1.0\r\n\r\n")
                    return b"upstream GET /hidden" in b"".join(iter(lambda: encrypted.recv(4096), b""))
        except OSError:
            return False
    wait_until(answered, what="an answer through the router")


def corerouter(run):
    run.name = "fastrouter"  # it is nothing without one of those that use it
    fastrouter(run)
