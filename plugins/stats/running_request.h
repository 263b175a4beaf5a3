// What a worker is doing right now, read from its memory while it goes on.
#pragma once

#include <uwsgi.h>

#include <string>
#include <vector>

namespace mortise::stats {

struct RunningRequest {
  uint64_t started_s = 0;              // since 1970; 0: the core is idle
  std::vector<std::string> variables;  // "REQUEST_URI=/"; empty where the system does not let us look
};

// Never more than kMostBytes. What changed while it was read is left out. [any process of the server]
RunningRequest read_running_request(pid_t pid, const uwsgi_core &core);

// Lets processes of this server look into the calling one where the Yama security module restricts that to
// parents. [worker]
void allow_looking();

}  // namespace mortise::stats
