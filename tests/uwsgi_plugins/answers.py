"""Plugins that answer requests, or ask a server something."""

import os
import socket

from .run import array, expect


def echo(run):
    server = run.server(sockets=("--socket", "127.0.0.1:0"))
    block = array("REQUEST_METHOD", "GET", "PATH_INFO", "/")
    expect(run.packet(server, 101, 0, block) == block, "the block of variables did not come back")


def dummy(run):
    server = run.server(sockets=("--socket", "127.0.0.1:0"))
    expect(run.packet(server, 0, 0, array("REQUEST_METHOD", "GET", "PATH_INFO", "/")) == b"", "it answered something")
    expect(b"200 OK" in server.uwsgi_request(modifier1=201), "the next request got no answer")


def example(run):
    server = run.server(slot=250)
    answer = server.get("/")
    expect((answer.status, answer.body) == (200, b"<h1>Hello World</h1>"), "GET: %s %r" % (answer.status, answer.body))
    server.wait_for_log("i am the example plugin after request function")


def cplusplus(run):
    server = run.server(sockets=("--socket", "127.0.0.1:0"))
    answer = server.uwsgi_request({"PATH_INFO": "/in/cplusplus"}, modifier1=250)
    expect(answer.endswith(b"/in/cplusplus"), "it answered %r" % answer)
    server.wait_for_log("logging c\\+\\+ request")


def notfound(run):
    server = run.server("--notfound-log", slot=0)
    expect(server.get("/nowhere").status == 404, "not a 404")


def ping(run):
    server = run.server(sockets=("--socket", "127.0.0.1:0"))
    expect(run.packet(server, 100) == b"\x64\x00\x00\x01", "no PONG packet")
    address = "%s:%d" % server.address("uwsgi")
    status, told = run.command("--ping", address)
    expect(status == 0 and "PING uwsgi host" in told, "--ping ended with %d: %s" % (status, told[-200:]))


def nagios(run):
    server = run.server("--plugin", "%s/ping_plugin.so" % run.output, sockets=("--socket", "127.0.0.1:0"))
    status, told = run.command("--nagios", "--socket", "%s:%d" % server.address("uwsgi"))
    expect(status == 0 and "UWSGI OK: armed and ready" in told, "--nagios ended with %d: %s" % (status, told[-200:]))


def signal(run):
    server = run.server("--master", sockets=("--socket", "127.0.0.1:0"))
    expect(run.packet(server, 110, 17) == b"\xff\x00\x00\x01", "the packet says that the signal was not raised")
    server.wait_for_log("helper: signal 17 arrived")


def symcall(run):
    server = run.server("--symcall", "helper_called", slot=18)
    expect(server.get("/").body == b"called by name", "the function was not called")
    routed = run.server("--route", "^/by-route symcall:helper_called")
    expect(routed.get("/by-route").body == b"called by name", "the route did not call it")


def rpc(run):
    symcall_plugin = ("--plugin", "%s/symcall_plugin.so" % run.output, "--symcall-register-rpc", "greet helper_rpc")
    server = run.server(*symcall_plugin, sockets=("--socket", "127.0.0.1:0"))
    expect(b"hello Ann" in run.packet(server, 173, 0, array("greet", "Ann")), "the call brought no answer")
    routed = run.server(*symcall_plugin, "--route", "^/rpc/(.*) call:greet $1")
    expect(routed.get("/rpc/Bob").body == b"hello Bob", "the route did not call it")


def cgi(run):
    script = "#!/bin/sh\necho 'Content-Type: text/plain'\necho\necho \"$REQUEST_METHOD $QUERY_STRING $(head -c $CONTENT_LENGTH)\"\n"
    server = run.server("--cgi", ".", slot=9, files={"hello.cgi": script})
    answer = server.request("POST", "/hello.cgi?a=1", body=b"posted")
    expect((answer.status, answer.body) == (200, b"POST a=1 posted\n"), "it answered %s %r" % (answer.status, answer.body))
    expect(server.get("/missing.cgi").status == 404, "a script that is not there is no 404")


def ssi(run):
    page = 'method <!--#echo var="REQUEST_METHOD" --> path <!--#echo var="PATH_INFO" -->\n'
    server = run.server("--route", "^/page ssi:page.shtml", files={"page.shtml": page})
    answer = server.get("/page")
    expect(answer.body.startswith(b"method GET path /page"), "it answered %r" % answer.body[:100])


def cache(run):
    server = run.server("--cache2", "name=default,items=20", sockets=("--socket", "127.0.0.1:0"))
    run.packet(server, 111, 1, array("fruit", "pear"))
    answer = run.packet(server, 111, 0, b"fruit")
    expect(answer.endswith(b"pear"), "what was put is not got: %r" % answer)


def spooler(run):
    server = run.server("--spooler", "spool", sockets=("--socket", "127.0.0.1:0"), files={"spool/.keep": ""})
    answer = run.packet(server, 17, 0, array("job", "1"))
    expect(answer[:1] == b"\xff" and answer[3:4] == b"\x01", "it was not put into the spool: %r" % answer)
    expect(os.listdir(server.folder / "spool"), "the spool is empty")


def pty(run):
    server = run.server("--pty-socket", "pty.sock", "--pty-exec", "echo from the pty")
    server.wait_for_log("pty server")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(server.folder / "pty.sock"))
        server.get("/")
        expect(sock.recv(4096), "nothing came through the pty")


def dumbloop(run):
    server = run.server("--loop", "dumb", "--dumbloop-modifier1", 201, "--dumbloop-code", "thecode",
                        "--dumbloop-function", "thefunction")
    server.wait_for_log("helper: code thecode, function thefunction, core 0")


def _clock(run):
    name = run.name.replace("clock_", "")
    expect(run.server("--clock", name).get("/").status == 200, "no request was served with this clock")


def exception_log(run):
    app = "def application(environ, start_response):\n    raise ValueError('a pear')\n"
    server = run.server("--exception-handler", "log", "--wsgi-file", "app.py", slot=0, files={"app.py": app})
    server.get("/")
    server.wait_for_log("class: ValueError")
    server.wait_for_log("msg: a pear")


clock_monotonic = clock_realtime = _clock
