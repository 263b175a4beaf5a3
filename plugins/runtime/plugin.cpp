// The hook table: a library in the form of a plugin, loaded by those that need its functions.
#include <uwsgi.h>

uwsgi_plugin runtime_plugin = {.name = "runtime"};
