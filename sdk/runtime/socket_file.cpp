#include "sdk/runtime/socket_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "sdk/runtime/strings.h"

namespace mortise {

Result<void> apply_owner_and_mode(const Address &address, const std::string &owner, int mode) {
  if (!owner.empty()) {
    size_t colon = owner.find(':');
    std::string user = owner.substr(0, colon);
    std::string group = colon == std::string::npos ? "" : owner.substr(colon + 1);
    std::optional<uid_t> uid = user.empty() ? std::optional<uid_t>(-1) : find_user(user);
    std::optional<gid_t> gid = group.empty() ? std::optional<gid_t>(-1) : find_group(group);
    if (!uid || !gid)
      return Error{"change the owner of " + address.text + " to " + owner,
                   uid ? "there is no such group" : "there is no such user", "correct --chown-socket",
                   kExitUsage};
    if (chown(address.path.c_str(), *uid, *gid))
      return system_error("change the owner of " + address.text + " to " + owner, errno,
                          "start as root, or drop --chown-socket", kExitNoPerm);
  }
  if (mode >= 0 && chmod(address.path.c_str(), static_cast<mode_t>(mode)))
    return system_error("change the mode of " + address.text, errno, {}, kExitNoPerm);
  return {};
}

}  // namespace mortise
