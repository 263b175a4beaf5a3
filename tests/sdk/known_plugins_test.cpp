#include "sdk/inspect/known_plugins.h"

#include <catch2/catch.hpp>

using namespace mortise;

TEST_CASE("uWSGI's plugins that have another name here are known") {
  CHECK(own_plugin_for("logfile") == "logging");
  CHECK(own_plugin_for("router_redirect") == "routing");
  CHECK(own_plugin_for("clock_monotonic") == "kernel");
  for (const char *name : {"python3", "python311", "gevent", "gevent_python3", "gevent3"})
    CHECK(own_plugin_for(name) == "python");
  for (const char *name : {"http", "php", "pythonic", "my_plugin", "logg", "caches", "=-", ""})
    CHECK(own_plugin_for(name) == "");
}
