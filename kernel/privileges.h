// Giving up root: --uid, --gid, --chroot. Verified after the change, because a server that believes it
// dropped root and did not is worse than one that refuses to start.
#pragma once

#include <uwsgi.h>

#include "kernel/result.h"

namespace mortise {

// What the options asked for; the text is a name or a number.
struct Privileges {
  char *uid = nullptr;
  char *gid = nullptr;
  char *root_folder = nullptr;
  uwsgi_string_list *groups = nullptr;  // beside those that the system gives the user
  int no_initgroups = 0;                // it gives none
  int immediate = 0;                    // before anything is opened
  int master_as_root = 0;               // only its children give it up
};
Privileges &wanted_privileges();

// Changes group, supplementary groups and user. Nothing happens where neither was asked for. [master, one
// thread]
Result<void> drop_privileges();

// The phases: what the options ask for, each at its time. [master]
Result<void> drop_privileges_at_once();
Result<void> drop_privileges_once_bound();
// [child, right after fork] Where the master keeps them.
Result<void> drop_privileges_of_child();

}  // namespace mortise
