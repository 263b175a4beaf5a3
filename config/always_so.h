// Options by which users of uWSGI ask for what is always so in this server: accepted, shown by --help, and
// they set nothing.
#pragma once

#include <uwsgi.h>

namespace mortise {

// Ends with UWSGI_END_OF_OPTIONS.
const uwsgi_option *always_so_options();

}  // namespace mortise
