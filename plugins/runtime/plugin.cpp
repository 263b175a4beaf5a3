// The hook table: a library in the form of a plugin, loaded by those that need its functions.
#include <uwsgi.h>

#include "mime_types.h"

uwsgi_plugin runtime_plugin = {.name = "runtime", .init = mortise::runtime::read_named_mime_files};
