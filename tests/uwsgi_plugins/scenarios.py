"""What each of uWSGI's plugins is made to do, with real traffic or events, and what must come of it: a function by the
plugin's name in one of the modules."""

from . import answers, engines, routers, watchers
from .run import NEEDS, PROBE_SLOT, Run, plugins, venv

__all__ = ["NEEDS", "PROBE_SLOT", "Run", "SCENARIOS", "plugins", "venv"]

SCENARIOS = {name: function for module in (answers, engines, routers, watchers) for name, function in vars(module).items()
             if callable(function) and not name.startswith("_")
             and name not in ("expect", "array", "wait_until", "run_server", "Run")}
