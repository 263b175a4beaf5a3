"""What docs/plugins.md shows works: its files are written, its commands run, their output is what stands there.

A fence "```c hello.c" is a file; "```console" has commands after "$ " and what they print, where … stands for anything. A
command that ends in & is a server, which runs until the next one starts.
"""

import os
import re
import signal
import socket
import subprocess

import pytest

from mortise import BUILD, ROOT, clean_environment, wait_until

GUIDE = ROOT / "docs/plugins.md"
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN_PORTS = ("9090", "7070")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Reader:
    """Somebody who types what the guide says."""

    def __init__(self, folder):
        self.folder, self.server, self.count = folder, None, 0
        self.ports = {}
        self.env = clean_environment({"PATH": "%s:/usr/local/bin:/usr/bin:/bin" % BUILD})

    def own(self, text):
        for shown, port in self.ports.items():
            text = text.replace(":" + shown, ":%d" % port)
        return text

    def stop(self):
        if self.server:
            os.killpg(self.server.pid, signal.SIGTERM)
            self.server.wait(15)
            self.server = None

    def start(self, command):
        self.stop()
        self.count += 1
        log = open(self.folder / ("server%d.log" % self.count), "wb")
        self.server = subprocess.Popen(["bash", "-c", "exec " + self.own(command)], cwd=self.folder, env=self.env,
                                       stdout=log, stderr=log, start_new_session=True)

        def listens():
            assert self.server.poll() is None, (command, open(log.name).read())
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", self.ports["9090"])) == 0
        wait_until(listens, what=command)

    def run(self, command):
        done = subprocess.run(["bash", "-c", self.own(command)], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.stdout

    def type(self, block):
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            if command.endswith(" &"):
                self.ports = {shown: free_port() for shown in SHOWN_PORTS}
                self.rewrite()
                self.start(command[:-2])
                continue
            told = self.run(command)
            told += "" if told.endswith("\n") or not told else "\n"
            pattern = ".*".join(re.escape(part) for part in output.split("…"))
            assert re.fullmatch(pattern, told, re.DOTALL if "…" in output else 0), (command, told)

    def rewrite(self):
        """Ports that a program has in its text are others here."""
        for source in self.folder.glob("*.c"):
            text = source.read_text()
            if any(":" + shown in text for shown in SHOWN_PORTS):
                source.write_text(self.own(text))
                self.run("mortise --build-plugin " + source.name)


@pytest.mark.timeout(120)
def test_the_guide_works_as_it_is_written(tmp_path):
    reader = Reader(tmp_path)
    blocks = FENCE.findall(GUIDE.read_text())
    assert len(blocks) >= 12
    try:
        for language, name, text in blocks:
            if language == "console":
                reader.type(text)
            elif name:
                (tmp_path / name).write_text(text)
            else:
                assert language in ("cmake", "c"), language
    finally:
        reader.stop()


def test_every_c_block_of_the_guide_is_a_file_that_is_built():
    blocks = FENCE.findall(GUIDE.read_text())
    files = [name for _, name, _ in blocks if name]
    typed = "".join(text for language, _, text in blocks if language == "console")
    for name in files:
        assert "--build-plugin %s\n" % name in typed, name
    assert all(name for language, name, _ in blocks if language in ("c", "cpp"))


def test_the_reference_is_what_the_headers_say():
    done = subprocess.run([ROOT / "tools/make_reference", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
