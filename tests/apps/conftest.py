"""Servers that run real frameworks out of the virtualenv that the tests themselves run in."""

import importlib
import sys

import pytest


@pytest.fixture
def framework(wsgi):
    """start(name, file, *args): a server with an application of that framework, which must be installed."""

    def start(name, file, *args, **kwargs):
        try:
            importlib.import_module(name)
        except ImportError:
            pytest.skip("%s is not installed here" % name)
        # wsgi() writes app.py; the application itself stays where it is.
        source = "from %s import *\n" % file.stem
        try:
            return wsgi(source, "--virtualenv", sys.prefix, "--pythonpath", file.parent, *args, **kwargs)
        except AssertionError as failure:
            if "and this plugin is built for" in str(failure):
                pytest.skip("the plugin is built for another version of Python than this test run's")
            raise

    return start
