// cron and its relatives: which jobs there are, and starting those that are due. A job has a watcher, a
// process of its own that outlives this one: jobs are not cut off by a reload.
#pragma once

#include <uwsgi.h>

namespace mortise::daemons {

struct CronJob {
  uwsgi_cron *shared;  // in shared memory
};

// [load] Option callbacks. data: "unique" or nullptr.
void add_cron(char *name, char *value, void *unique);             // MINUTE HOUR DAY MONTH WEEKDAY COMMAND
void add_cron_for_legion(char *name, char *value, void *unique);  // LEGION, then the same
void add_cron2(char *name, char *value, void *);                  // key=value,… COMMAND

// Starts what is due in this minute and was not started in it. [daemons process]
void run_due_jobs(time_t now);
// As if that had been done in this minute; but for jobs that did run, which know better.
void pass_over_this_minute(time_t now);

}  // namespace mortise::daemons
