// The hook table.
#include <uwsgi.h>

#include "clockwork.h"

uwsgi_plugin timers_plugin = {
    .name = "timers",
    .init = mortise::timers::start_clockwork,
};
