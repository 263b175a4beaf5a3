// The daemons and cron jobs that were asked for.
#pragma once

#include <vector>

#include "cron_jobs.h"
#include "daemon_options.h"

namespace mortise::daemons {

std::vector<Daemon> &daemons();
std::vector<CronJob> &cron_jobs();

extern int honour_stdin;   // daemons-honour-stdin
extern int cron_harakiri;  // seconds; 0: jobs may take as long as they like

// Whether this server runs what belongs to a legion; true where nobody knows of legions.
bool is_lord_of(const std::string &legion);

// Where options cannot be understood. [load]
[[noreturn]] void refuse(const char *option, const char *value, const char *why);

}  // namespace mortise::daemons
