#!/usr/bin/env python3
"""uwsgiconfig.py --plugin SOURCE [PROFILE [NAME]]: for builds that call uWSGI's script of this name.

Calls `mortise --build-plugin SOURCE [NAME]`. The profile says how uWSGI itself is built, so it means nothing here.
Which mortise: $MORTISE, or the one that this file was installed with, or the one on PATH.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))


def mortise():
    installed = os.path.join(HERE, "../../bin/mortise")
    return os.environ.get("MORTISE") or (installed if os.access(installed, os.X_OK) else "mortise")


def main(arguments):
    if arguments[:1] in (["--plugin"], ["-p"], ["--extra-plugin"], ["-x"]) and len(arguments) > 1:
        return subprocess.call([mortise(), "--build-plugin", arguments[1], *arguments[3:4]])
    if arguments[:1] in (["--cflags"], ["--dot-h"]):
        return subprocess.call([mortise(), arguments[0]])
    print("uwsgiconfig.py: it builds plugins: --plugin SOURCE [PROFILE [NAME]] (mortise itself: make install)",
          file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
