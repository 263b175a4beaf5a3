// cpu-affinity: worker n runs on the CPUs from (n - 1) times the option's number on, round about.
#pragma once

namespace mortise::procname {

inline int cpus_of_a_worker = 0;

// [worker]
void bind_to_cpus();

}  // namespace mortise::procname
