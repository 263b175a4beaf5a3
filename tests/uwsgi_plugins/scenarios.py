"""What each of uWSGI's plugins is made to do, with real traffic or events, and what must come of it."""

PROBE_SLOT = 200  # modifier of the plugin that answers requests, out of the way of all others
ANSWERS_ITSELF = set()
SCENARIOS = {}
