#include "affinity.h"

#include <uwsgi.h>

#include <sched.h>

#include <string>
#include <vector>

namespace mortise::procname {

void bind_to_cpus() {
  if (cpus_of_a_worker <= 0) return;
  cpu_set_t allowed, mine;
  if (sched_getaffinity(0, sizeof allowed, &allowed)) return;
  std::vector<size_t> cpus;  // a container may have few of many
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  if (cpus.empty()) return;
  CPU_ZERO(&mine);
  std::string names;
  auto count = static_cast<size_t>(cpus_of_a_worker), first = static_cast<size_t>(uwsgi.mywid - 1) * count;
  for (size_t i = first; i < first + std::min(count, cpus.size()); ++i) {
    size_t cpu = cpus[i % cpus.size()];
    CPU_SET(cpu, &mine);
    names += " " + std::to_string(cpu);
  }
  if (sched_setaffinity(0, sizeof mine, &mine))
    uwsgi_log("error: cpu-affinity: worker %d: %s (it runs on any CPU)\n", uwsgi.mywid, strerror(errno));
  else
    uwsgi_log("worker %d runs on CPU%s\n", uwsgi.mywid, names.c_str());
}

}  // namespace mortise::procname
