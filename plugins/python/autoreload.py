# py-autoreload: watches the files of the modules that are loaded and asks for a reload when one changed. `interval` and
# `ignored` are set by autoreload.cpp.

import os
import sys
import threading
import time

import uwsgi


def _files():
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name not in ignored:
            yield name, file[:-1] if file.endswith((".pyc", ".pyo")) else file


def _changed(known):
    for name, file in _files():
        try:
            changed = os.stat(file).st_mtime_ns
        except OSError:
            continue
        if known.setdefault(file, changed) != changed:
            known[file] = changed
            yield name, file


def _watch(known):
    while True:
        time.sleep(interval)
        for name, file in _changed(known):
            uwsgi.log("python: module %s (%s) changed: reloading" % (name, file))
            uwsgi.reload()


_known = {}
list(_changed(_known))  # before the first request: whoever is served may change a file
threading.Thread(target=_watch, args=(_known,), name="py-autoreload", daemon=True).start()
