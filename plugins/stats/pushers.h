// Whom the statistics are pushed to, and when. The process of role "pushers" calls them, or a thread of the
// master where a plugin has one there, too: they may share memory.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::stats {

uwsgi_stats_pusher *find_pusher(std::string_view name);

// From `stats-push = NAME[:ARGUMENT]`. False with a message in the log where nobody is called that. [load]
bool add_push(const char *text);

// From now on the process or the thread is there as soon as there is something to push. [load]
void let_pushers_run();

// Whether it is to be called now.
bool is_due(const uwsgi_stats_pusher_instance &instance, time_t now, int default_freq_s);

// After a call: when it is tried again, if it wants that and is allowed to.
void plan_retry(uwsgi_stats_pusher_instance &instance, time_t now);

// Calls those that are due.
void push(time_t now);

}  // namespace mortise::stats
