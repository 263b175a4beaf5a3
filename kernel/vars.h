// The variables of a request are reached through the plugin API (mortise/api.h); the kernel needs no more than that.
#pragma once

#include <uwsgi.h>
