"""Legions: real servers elect one among them, on UNIX and UDP sockets."""

import json
import socket
import time

import pytest
from mortise import Mortise, run, text_of, wait_until, write

APP = """
import json, uwsgi
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    lord = uwsgi.lord_scroll("web")
    scrolls = uwsgi.scrolls("web") or []
    return [json.dumps({"lord": uwsgi.i_am_the_lord("web"), "scroll": lord.decode() if lord else None,
                        "scrolls": sorted(scroll.decode() for scroll in scrolls)}).encode()]
"""
NAMES = "ABC"


class Legion:
    """Servers in folders of their own, each with a socket; higher letters are of higher valor."""

    def __init__(self, folder, names=NAMES, addresses=None, common=()):
        self.folder, self.names, self.common = folder, names, common
        self.addresses = addresses or {name: "../%s.sock" % name for name in names}
        self.servers = {}

    def start(self, name, *args, secret="secret"):
        folder = self.folder / ("%s%d" % (name, len(self.servers)))
        folder.mkdir()
        write(folder, "app.py", APP)
        words = ["--http-socket", "127.0.0.1:0", "--wsgi-file", "app.py", "--legion-freq", 1, "--legion-tolerance", 3,
                 "--legion", "web %s %d aes-256-cbc:%s" % (self.addresses[name], ord(name), secret),
                 "--legion-scroll", "web " + name]
        for other in self.names:
            words += ["--legion-node", "web " + self.addresses[other]] if other != name else []
        for phase in ("setup", "join", "lord", "unlord", "node-joined", "node-left", "death"):
            words += ["--legion-" + phase, "web cmd:echo %s >>../%s.did" % (phase, name)]
        server = self.servers[name] = Mortise(folder, *words, *self.common, *args)
        return server

    def state(self, name):
        return json.loads(self.servers[name].get().text)

    def wait_for_lord(self, lord, among, seconds=25):
        def agreed():
            states = {name: self.state(name) for name in among}
            return all(state["lord"] == (name == lord) and state["scroll"] == lord for name, state in states.items())

        wait_until(agreed, seconds, lambda: "lord %s: %s\n%s" % (lord, {name: self.state(name) for name in among}, "\n".join(
            server.log for server in self.servers.values())))

    def did(self, name):
        return text_of(self.folder / (name + ".did")).split()

    def end(self):
        for server in self.servers.values():
            server.kill()


@pytest.fixture
def legion(tmp_path):
    made = []

    def make(*args, **kwargs):
        made.append(Legion(tmp_path, *args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_the_best_of_three_is_the_lord_and_another_one_when_it_dies(legion):
    three = legion()
    for name in NAMES:
        three.start(name)
    three.wait_for_lord("C", NAMES)
    wait_until(lambda: three.state("A")["scrolls"] == list(NAMES))
    assert three.did("C")[:1] == ["setup"] and three.did("C").count("lord") == 1
    three.servers["C"].kill()
    three.wait_for_lord("B", "AB")
    assert three.did("B")[-1] == "lord" and "node-left" in three.did("B")
    assert three.state("A")["scrolls"] == ["A", "B"]
    three.start("C")
    three.wait_for_lord("C", NAMES)
    wait_until(lambda: three.did("B")[-1] == "unlord")
    three.servers["C"].stop()  # says goodbye: nobody has to wait for its silence
    said = time.monotonic()
    three.wait_for_lord("B", "AB")
    assert time.monotonic() - said < 3
    assert three.did("C")[-2:] == ["unlord", "death"]


def udp_addresses(names):
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in names]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    addresses = {name: "127.0.0.1:%d" % sock.getsockname()[1] for name, sock in zip(names, sockets)}
    for sock in sockets:
        sock.close()
    return addresses


def test_udp_with_a_quorum(legion):
    pair = legion("AB", addresses=udp_addresses("AB"), common=("--legion-quorum", "web 2"))
    pair.start("B")
    pair.servers["B"].wait_for_log(r"legion web: member \S+ of valor 66 listens on 127\.0\.0\.1:\d+")
    pair.start("A")
    pair.wait_for_lord("B", "AB")
    assert "join" in pair.did("A")
    pair.servers["A"].kill()
    wait_until(lambda: pair.state("B") == {"lord": False, "scroll": None, "scrolls": ["B"]}, 20)
    assert pair.did("B")[-1] == "unlord"


def test_who_has_another_secret_is_not_heard(legion):
    pair = legion("AB")
    pair.start("A")
    pair.start("B", secret="other")
    pair.wait_for_lord("A", "A")
    pair.wait_for_lord("B", "B")
    assert "node-joined" not in pair.did("A") + pair.did("B")


def test_a_lord_whose_action_fails_stands_back(legion):
    pair = legion("AB", common=("--legion-death-on-lord-error", 60))
    pair.start("A")
    pair.start("B", "--legion-lord", "web cmd:exit 3")
    pair.wait_for_lord("A", "A")
    pair.servers["B"].wait_for_log(r"legion web: lord: 'cmd:exit 3' failed with status 3")
    pair.servers["B"].wait_for_log(r"legion web: this server stands back for 60 seconds")
    assert not pair.state("B")["lord"]


@pytest.mark.parametrize("addresses", [lambda: None, lambda: udp_addresses("A")], ids=["unix", "udp"])
def test_it_is_a_member_again_after_each_reload(legion, addresses):
    one = legion("A", addresses=addresses())
    server = one.start("A")
    one.wait_for_lord("A", "A")
    for count in (2, 3, 4):
        server.signal(1)
        server.wait_for_log(r"legion web: member \S+ of valor 65 listens on", 25, count=count)
        one.wait_for_lord("A", "A")
    assert "Address already in use" not in server.log


ACTION = """
#include <uwsgi.h>
static int wave(struct uwsgi_legion *legion, char *argument) {
  uwsgi_log("waves %s in %s, valor %d\\n", argument, legion->legion, (int)legion->valor);
  return 0;
}
static void on_load(void) { uwsgi_legion_action_register("wave", wave)->log_msg = "about to wave"; }
struct uwsgi_plugin waving_plugin = {.name = "waving", .on_load = on_load};
"""


def test_actions_of_plugins_and_built_in_ones(legion, tmp_path):
    write(tmp_path, "waving.c", ACTION)
    assert run(tmp_path, "--build-plugin", "waving.c").returncode == 0
    one = legion("A")
    server = one.start("A", "--plugin", tmp_path / "waving_plugin.so", "--legion-lord", "web wave:a flag",
                       "--legion-lord", "web log:long live the lord", "--legion-lord", "web nothing:at all",
                       "--legion-lord", "web alarm:bell it rings", "--alarm", "bell log:")
    server.wait_for_log("legion web: lord: about to wave")
    server.wait_for_log("waves a flag in web, valor 65")
    server.wait_for_log("^long live the lord|\\] long live the lord|long live the lord\n")
    server.wait_for_log(r"legion web: lord: there is no action 'nothing' \(load the plugin that has it\)")
    server.wait_for_log("it rings", count=2)


@pytest.mark.parametrize("option, value, why", [
    ("legion", "web", "write NAME ADDRESS VALOR CIPHER:SECRET, such as web 10.0.0.1:4242 98 aes-256-cbc:secret"),
    ("legion", "web x 1 rot13:secret", "OpenSSL has no such cipher for this: take aes-256-cbc"),
    ("legion-node", "db x", "it must begin with the name of a legion that an option before defines"),
])
def test_wrong_options_are_refused(tmp_path, option, value, why):
    done = run(tmp_path, "--http-socket", "127.0.0.1:0", "--" + option, value)
    assert done.returncode == 64
    assert "option '%s' = '%s': %s" % (option, value, why) in done.stdout
