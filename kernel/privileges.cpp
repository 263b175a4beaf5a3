#include "kernel/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "kernel/log.h"

namespace mortise {

namespace {

std::optional<long> as_number(const char *text) {
  char *end = nullptr;
  long value = strtol(text, &end, 10);
  if (!*text || *end || value < 0) return {};
  return value;
}

Result<gid_t> find_group(const char *text) {
  if (auto number = as_number(text)) return static_cast<gid_t>(*number);
  if (const group *entry = getgrnam(text)) return gid_t{entry->gr_gid};
  return Error{std::string("change to group '") + text + "'", "there is no such group",
               "name an existing one: getent group", kExitNoPerm};
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
  if (!wanted.uid && !wanted.gid) {
    if (geteuid() == 0) log_warning("the server runs as root (set --uid and --gid)");
    return {};
  }
  const passwd *user = nullptr;
  std::optional<long> uid;
  if (wanted.uid) {
    uid = as_number(wanted.uid);
    user = uid ? getpwuid(static_cast<uid_t>(*uid)) : getpwnam(wanted.uid);
    if (!user && !uid)
      return Error{std::string("change to user '") + wanted.uid + "'", "there is no such user",
                   "name an existing one: getent passwd", kExitNoPerm};
    if (user) uid = user->pw_uid;
  }
  std::optional<gid_t> gid;
  if (wanted.gid) {
    auto found = find_group(wanted.gid);
    if (!found) return found.error();
    gid = *found;
  } else if (user) {
    gid = user->pw_gid;
  }
  if (geteuid() == 0 && (user && gid ? initgroups(user->pw_name, *gid) : setgroups(0, nullptr)))
    return not_permitted("the groups of", wanted.uid ? wanted.uid : wanted.gid, errno);
  if (gid && setresgid(*gid, *gid, *gid)) return not_permitted("group", wanted.gid ? wanted.gid : wanted.uid, errno);
  if (uid) {
    auto id = static_cast<uid_t>(*uid);
    if (setresuid(id, id, id)) return not_permitted("user", wanted.uid, errno);
    if (id != 0 && setuid(0) == 0)
      return Error{"give up root", "the system still lets the server become root again", {}, kExitNoPerm};
  }
  return {};
}

}  // namespace mortise
