#include "phases.h"

#include <string_view>

namespace mortise::hooks {

namespace {

struct Row {
  const char *name;
  bool fatal;
};
constexpr Row kRows[kPhases] = {
    {"asap", true},
    {"pre-jail", true},
    {"post-jail", true},
    {"in-jail", true},
    {"as-root", true},
    {"as-user", true},
    {"pre-app", true},
    {"post-app", true},
    {"post-fork", true},
    {"accepting", false},
    {"accepting1", false},
    {"accepting-once", false},
    {"accepting1-once", false},
    {"master-start", false},
    {"as-user-atexit", false},
    {"as-mule", false},
    {"as-gateway", false},
    {"as-emperor", false},
    {"as-emperor-setns", false},
    {"as-emperor-before-vassal", false},
    {"emperor-start", false},
    {"emperor-stop", false},
    {"emperor-reload", false},
    {"emperor-lost", false},
    {"as-vassal", false},
    {"as-vassal-before-drop", false},
    {"as-on-demand-vassal", false},
    {"as-on-config-vassal", false},
};

}  // namespace

constinit uwsgi_string_list *phase_actions[kPhases] = {};

const char *name_of(Phase phase) {
  return kRows[static_cast<int>(phase)].name;
}

void run_phase(Phase phase) {
  int index = static_cast<int>(phase);
  if (phase_actions[index]) uwsgi_hooks_run(phase_actions[index], kRows[index].name, kRows[index].fatal);
}

}  // namespace mortise::hooks

extern "C" int uwsgi_hooks_run_phase(const char *name) {
  using namespace mortise::hooks;
  for (int i = 0; i < kPhases; ++i) {
    if (std::string_view(kRows[i].name) != name) continue;
    run_phase(static_cast<Phase>(i));
    return 0;
  }
  return -1;
}
