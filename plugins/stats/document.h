// The statistics of the server as a JSON document with uWSGI's keys. Reads what processes share; asks nobody.
#pragma once

#include "items.h"

namespace mortise::stats {

// The parts, in the order of the document.
void write_server(Items &);
void write_metrics(Items &);
void write_sockets(Items &);
void write_workers(Items &);
void write_others(Items &);  // daemons, spoolers

// "idle", "busy", "pause", "cheap" or "sig1".
std::string status_of(const uwsgi_worker &worker, bool busy);

// Also owned here: uwsgi_master_generate_stats().

}  // namespace mortise::stats
