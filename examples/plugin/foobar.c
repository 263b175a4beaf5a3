#include <uwsgi.h>

int foo_init() {
  uwsgi_log("Hello World\n");
  return 0;
}

struct uwsgi_plugin foobar_plugin = {.name = "foobar", .init = foo_init};
