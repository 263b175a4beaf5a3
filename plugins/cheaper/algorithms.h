// The registry of algorithms, and the small ones.
#pragma once

namespace mortise::cheaper {

inline int spare2_idle_s = 10;

void register_own_algorithms();
// By name; nullptr.
int (*find_algorithm(const char *name))(int can_spawn);
void log_algorithms();

// Also owned here: uwsgi_register_cheaper_algo().

}  // namespace mortise::cheaper
