"""An installation for the tests that have nothing else: no source tree, no build folder."""

import fcntl
import shutil
import subprocess

import pytest

from mortise import BUILD, ROOT, clean_environment


def sh(folder, *command, env=None, status=0):
    """Runs a command as somebody who has only what was installed; its output."""
    done = subprocess.run([str(word) for word in command], cwd=folder, env=clean_environment(env),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == status, "%s\n%s" % (" ".join(map(str, command)), done.stdout)
    return done.stdout


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """An installation that was made for /opt/mortise, staged elsewhere, and moved once more."""
    folder = tmp_path_factory.mktemp("installed")
    # Not clean_environment(): make, CMake and Ninja are the builder's, not the user's.
    with open(BUILD / "install.lock", "w") as lock:  # pytest may run this file in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "-C", ROOT, "install", "BUILD=%s" % BUILD, "DESTDIR=%s" % (folder / "stage"),
                               "PREFIX=/opt/mortise"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert "installed under %s/opt/mortise\n" % (folder / "stage") in done.stdout
    moved = folder / "moved here"  # a blank, since it may have one
    (folder / "stage/opt/mortise").rename(moved)
    shutil.rmtree(folder / "stage")
    return moved


@pytest.fixture
def installed(prefix, monkeypatch):
    """The prefix; from here on the server is the one in it."""
    monkeypatch.setattr("mortise.BINARY", str(prefix / "bin/mortise"))
    return prefix
