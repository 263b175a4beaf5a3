"""What each of uWSGI's plugins is made to do, with real traffic or events, and what must come of it."""

PROBE_SLOT = 200  # modifier of the plugin that answers requests, out of the way of all others
SCENARIOS = {}
# Whose functions a plugin of the set needs: its recipe says REQUIRES.
NEEDS = {name: ["corerouter"] for name in ("fastrouter", "forkptyrouter", "http", "rawrouter", "sslrouter")}


def plugins(folder, name):
    """--plugin arguments for a plugin of the set and those that it needs."""
    return [word for one in [*NEEDS.get(name, []), name] for word in ("--plugin", "%s/%s_plugin.so" % (folder, one))]
