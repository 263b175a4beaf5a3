// The process that watches one run of a cron job: starts it, ends it when it takes too long, tells how it
// ended.
#pragma once

#include <uwsgi.h>

namespace mortise::daemons {

// [daemons process]
void start_watched(uwsgi_cron &cron, time_t now);

}  // namespace mortise::daemons
