// Giving up root: --uid, --gid, --umask. Verified after the change, because a server that believes it dropped
// root and did not is worse than one that refuses to start.
#pragma once

#include "kernel/result.h"

namespace mortise {

// What the options asked for; the text is a name or a number.
struct Privileges {
  char *uid = nullptr;
  char *gid = nullptr;
};
Privileges &wanted_privileges();

// Changes group, supplementary groups and user. Nothing happens where neither was asked for. [master, one
// thread]
Result<void> drop_privileges();

}  // namespace mortise
