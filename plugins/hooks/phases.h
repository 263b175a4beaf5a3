// The phases of the server's life in which actions of the configuration run, and what was asked for in each.
#pragma once

#include <uwsgi.h>

namespace mortise::hooks {

enum class Phase {
  kAsap,
  kPreJail,
  kPostJail,
  kInJail,
  kAsRoot,
  kAsUser,
  kPreApp,
  kPostApp,
  kPostFork,
  kAccepting,
  kAccepting1,
  kAcceptingOnce,
  kAccepting1Once,
  kMasterStart,
  kAtExit,
  kAsMule,
  kAsGateway,
  kAsEmperor,
  kAsEmperorSetns,
  kAsEmperorBeforeVassal,
  kEmperorStart,
  kEmperorStop,
  kEmperorReload,
  kEmperorLost,
  kAsVassal,
  kAsVassalBeforeDrop,
  kAsOnDemandVassal,
  kAsOnConfigVassal,
};
constexpr int kPhases = static_cast<int>(Phase::kAsOnConfigVassal) + 1;

extern uwsgi_string_list *phase_actions[kPhases];
const char *name_of(Phase phase);

// Runs what a phase has. Where the server has not started its workers yet, an action that fails ends it.
void run_phase(Phase phase);

}  // namespace mortise::hooks
