#include "kernel/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>

#include "kernel/handover.h"
#include "kernel/log.h"
#include "sdk/runtime/strings.h"

namespace mortise {

namespace {

Error unknown(const char *what, const char *name, const char *database) {
  return Error{std::string("change to ") + what + " '" + name + "'", std::string("there is no such ") + what,
               std::string("see what there is: getent ") + database, kExitNoPerm};
}

Error not_permitted(const char *what, const char *name, int errnum) {
  return system_error(std::string("change to ") + what + " '" + name + "'", errnum,
                      "start the server as root or leave the option out", kExitNoPerm);
}

}  // namespace

Privileges &wanted_privileges() {
  static Privileges wanted;
  return wanted;
}

Result<void> drop_privileges() {
  const Privileges &wanted = wanted_privileges();
  if (!wanted.uid && !wanted.gid && !wanted.root_folder) {
    if (geteuid() == 0) log_warning("the server runs as root (set --uid and --gid)");
    return {};
  }
  // Executed again in a reload the process still is who it became: inside the new root there need be neither
  // that folder nor the names.
  std::string asked = wanted.no_initgroups ? " alone" : " ";
  for (const char *text : {wanted.uid, wanted.gid, wanted.root_folder}) (asked += ' ') += text ? text : "";
  for (auto *item = wanted.groups; item; item = item->next) (asked += ' ') += item->value;
  if (handover().dropped == asked) return {};
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  if (wanted.uid && !(uid = find_user(wanted.uid))) return unknown("user", wanted.uid, "passwd");
  if (wanted.gid && !(gid = find_group(wanted.gid))) return unknown("group", wanted.gid, "group");
  const passwd *user = uid ? getpwuid(*uid) : nullptr;
  if (user && !gid) gid = user->pw_gid;
  static gid_t groups[NGROUPS_MAX];
  int count = user && gid && !wanted.no_initgroups ? NGROUPS_MAX : 0;
  if (count) getgrouplist(user->pw_name, *gid, groups, &count);
  for (const uwsgi_string_list *item = wanted.groups; item && count < NGROUPS_MAX; item = item->next) {
    auto added = find_group(item->value);
    if (!added) return unknown("group", item->value, "group");
    groups[count++] = *added;
  }
  // All names are looked up before: there may be no such files below the new root.
  if (wanted.root_folder && (chroot(wanted.root_folder) || chdir("/")))
    return system_error(std::string("make ") + wanted.root_folder + " the root folder", errno,
                        "start the server as root, and name a folder that there is", kExitNoPerm);
  if (geteuid() == 0 && (uid || gid) && setgroups(static_cast<size_t>(count), groups))
    return not_permitted("the groups of", wanted.uid ? wanted.uid : wanted.gid, errno);
  if (gid && setresgid(*gid, *gid, *gid))
    return not_permitted("group", wanted.gid ? wanted.gid : wanted.uid, errno);
  if (uid) {
    if (setresuid(*uid, *uid, *uid)) return not_permitted("user", wanted.uid, errno);
    if (*uid != 0 && setuid(0) == 0)
      return Error{"give up root", "the system still lets the server become root again", {}, kExitNoPerm};
  }
  handover().dropped = asked;
  return {};
}

Result<void> drop_privileges_at_once() {
  return wanted_privileges().immediate ? drop_privileges() : Result<void>();
}

Result<void> drop_privileges_once_bound() {
  const Privileges &wanted = wanted_privileges();
  return wanted.immediate || wanted.master_as_root ? Result<void>() : drop_privileges();
}

Result<void> drop_privileges_of_child() {
  const Privileges &wanted = wanted_privileges();
  return wanted.master_as_root && !wanted.immediate ? drop_privileges() : Result<void>();
}

}  // namespace mortise
