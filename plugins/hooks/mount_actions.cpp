// Actions mount and umount (mount(2)).
#include <sys/mount.h>

#include <map>

#include "actions.h"

namespace mortise::hooks {

namespace {

const std::map<std::string, unsigned long, std::less<>> kFlags = {
    {"bind", MS_BIND},         {"recursive", MS_REC},
    {"rec", MS_REC},           {"readonly", MS_RDONLY},
    {"rdonly", MS_RDONLY},     {"remount", MS_REMOUNT},
    {"private", MS_PRIVATE},   {"slave", MS_SLAVE},
    {"shared", MS_SHARED},     {"unbindable", MS_UNBINDABLE},
    {"move", MS_MOVE},         {"noexec", MS_NOEXEC},
    {"nosuid", MS_NOSUID},     {"nodev", MS_NODEV},
    {"noatime", MS_NOATIME},   {"nodiratime", MS_NODIRATIME},
    {"relatime", MS_RELATIME}, {"strictatime", MS_STRICTATIME},
    {"sync", MS_SYNCHRONOUS},  {"dirsync", MS_DIRSYNC},
    {"silent", MS_SILENT}};
const std::map<std::string, unsigned long, std::less<>> kUnmountFlags = {{"force", MNT_FORCE},
                                                                         {"detach", MNT_DETACH},
                                                                         {"lazy", MNT_DETACH},
                                                                         {"expire", MNT_EXPIRE},
                                                                         {"nofollow", UMOUNT_NOFOLLOW}};

// Names between commas or blanks; false and a message for one that is none.
bool parse_flags(std::string_view text, const std::map<std::string, unsigned long, std::less<>> &names,
                 unsigned long &flags) {
  while (!text.empty()) {
    size_t end = std::min(text.find_first_of(", "), text.size());
    if (std::string_view name = text.substr(0, end); !name.empty()) {
      auto found = names.find(name);
      if (found == names.end()) {
        uwsgi_log("hook: mount: there is no flag '%.*s'\n", static_cast<int>(name.size()), name.data());
        return false;
      }
      flags |= found->second;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

// filesystem source target [flags[ data]]
int mount_it(char *args) {
  auto words = split_words(args, 5);
  if (words.size() < 3) {
    uwsgi_log("hook: mount needs a file system, a source and a folder, and may have flags and data\n");
    return -1;
  }
  unsigned long flags = 0;
  if (words.size() > 3 && !parse_flags(words[3], kFlags, flags)) return -1;
  const char *data = words.size() > 4 ? words[4].c_str() : nullptr;
  return mount(words[1].c_str(), words[2].c_str(), words[0].c_str(), flags, data) ? failed("mount", words[2])
                                                                                  : 0;
}

// target [flags]
int unmount_it(char *args) {
  auto words = split_words(args, 2);
  unsigned long flags = 0;
  if (words.empty() || (words.size() > 1 && !parse_flags(words[1], kUnmountFlags, flags))) return -1;
  return umount2(words[0].c_str(), static_cast<int>(flags)) ? failed("unmount", words[0]) : 0;
}

}  // namespace

void add_mount_actions() {
  add_action("mount", mount_it);
  add_action("umount", unmount_it);
}

}  // namespace mortise::hooks
