#include "kernel/process_table.h"

#include <algorithm>
#include <iterator>

namespace mortise {

namespace {

using enum ProcessState;
using enum ProcessAction;

// clang-format off
constexpr Transition kTable[kProcessStates][kProcessEvents] = {
    // kDue                  kForked                    kForkFailed                kReady
    // kExited               kExitedForGood             kStop                      kKill
    {{kWaiting, kFork},      {kStarting, kStarted},     {kWaiting, kRetryLater},   {kWaiting, kImpossible},  // kWaiting
     {kWaiting, kImpossible},{kWaiting, kImpossible},   {kGone, kIgnore},          {kGone, kIgnore}},

    {{kStarting, kKill},     {kStarting, kImpossible},  {kStarting, kImpossible},  {kReady, kServe},         // kStarting
     {kWaiting, kRespawn},   {kGone, kForget},          {kStopping, kTell},        {kKilling, kKill}},

    {{kReady, kIgnore},      {kReady, kImpossible},     {kReady, kImpossible},     {kReady, kIgnore},        // kReady
     {kWaiting, kRespawn},   {kGone, kForget},          {kStopping, kTell},        {kKilling, kKill}},

    {{kKilling, kKill},      {kStopping, kImpossible},  {kStopping, kImpossible},  {kStopping, kIgnore},     // kStopping
     {kGone, kForget},       {kGone, kForget},          {kStopping, kIgnore},      {kKilling, kKill}},

    {{kKilling, kKill},      {kKilling, kImpossible},   {kKilling, kImpossible},   {kKilling, kIgnore},      // kKilling
     {kGone, kForget},       {kGone, kForget},          {kKilling, kIgnore},       {kKilling, kIgnore}},

    {{kGone, kIgnore},       {kGone, kImpossible},      {kGone, kImpossible},      {kGone, kIgnore},         // kGone
     {kGone, kImpossible},   {kGone, kImpossible},      {kGone, kIgnore},          {kGone, kIgnore}},
};
// clang-format on

constexpr const char *kStateNames[kProcessStates] = {"waiting",  "starting", "ready",
                                                     "stopping", "killing",  "gone"};
constexpr const char *kEventNames[kProcessEvents] = {"due",    "forked",          "fork failed", "ready",
                                                     "exited", "exited for good", "stop",        "kill"};

}  // namespace

Transition transition(ProcessState state, ProcessEvent event) {
  return kTable[static_cast<int>(state)][static_cast<int>(event)];
}

int64_t respawn_spacing_ms(int failures, int64_t fixed_ms) {
  constexpr int64_t kSpacing[] = {0, 100, 200, 500, 1000, 2000, 4000};
  if (failures > 0 && fixed_ms >= 0) return fixed_ms;
  return kSpacing[std::clamp<int>(failures, 0, std::size(kSpacing) - 1)];
}

const char *name_of(ProcessState state) {
  return kStateNames[static_cast<int>(state)];
}
const char *name_of(ProcessEvent event) {
  return kEventNames[static_cast<int>(event)];
}

}  // namespace mortise
