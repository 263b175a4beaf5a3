#include "sdk/inspect/plugin_index.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "kernel/fd.h"
#include "kernel/log.h"
#include "sdk/runtime/strings.h"

namespace mortise {
namespace {

constexpr size_t kMaxIndexBytes = 4 * 1024 * 1024;
constexpr const char *kFile = "/plugins.index";
constexpr std::string_view kSuffix = "_plugin.so";

struct Folder {
  // Real files before links to them: both have the same options, and the real one's name is the one to give.
  std::set<std::pair<bool, std::string>> files;
  int64_t newest_ns = 0;
};

int64_t modified_ns(const struct stat &info) {
  return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

// The plugins' files. A name with blanks would not fit into a line of the index.
Result<Folder> list_folder(const std::string &path) {
  std::unique_ptr<DIR, int (*)(DIR *)> dir(opendir(path.c_str()), closedir);
  if (!dir) return system_error("read plugin folder '" + path + "'", errno, {}, kExitPlugin);
  Folder folder;
  struct stat info;
  while (const dirent *entry = readdir(dir.get())) {
    const std::string_view file = entry->d_name;
    std::string_view words = file;
    if (!file.ends_with(kSuffix) || next_word(&words) != file) continue;
    if (fstatat(dirfd(dir.get()), entry->d_name, &info, 0) == 0)
      folder.newest_ns = std::max(folder.newest_ns, modified_ns(info));
    const bool known = fstatat(dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    folder.files.emplace(known && S_ISLNK(info.st_mode), file);
  }
  return folder;
}

// Of a folder of uWSGI's own binaries the first one is told, and how many there are.
PluginIndex describe_folder(const Folder &folder, const std::string &path) {
  PluginIndex index;
  size_t foreign = 0;
  for (const auto &[link, file] : folder.files) {
    auto plugin = describe_plugin(path + "/" + file);
    plugin ? index.add(*plugin) : index.add_refused(file);
    if (!plugin && (plugin.error().why != kNoAbiNote || foreign++ == 0))
      log_warning("%s", plugin.error().message().c_str());
  }
  if (foreign > 1)
    log_warning("plugin folder '%s': %zu plugins in all were not built for this server and are left aside",
                path.c_str(), foreign);
  return index;
}

}  // namespace

const std::string *PluginIndex::find(const Names &names, std::string_view key) {
  auto found = names.find(key);
  return found == names.end() ? nullptr : &found->second;
}

Result<PluginIndex> PluginIndex::parse(std::string_view text, const std::string &path) {
  PluginIndex index;
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view kind = next_word(&line);
    std::string first(next_word(&line)), second(next_word(&line));
    const bool plugin = kind == "plugin", refused = kind == "refused", option = kind == "option";
    if (!plugin && !refused && !option && kind != "symbol") continue;
    if (first.empty() || second.empty() != refused || !next_word(&line).empty())
      return Error{format_text("%s:%zu", path.c_str(), number), "not a line of a plugin index",
                   "delete the file: the folder is read instead", kExitPlugin};
    if (plugin) std::swap(first, second);
    Names &names = plugin || refused ? index.files_ : option ? index.options_ : index.symbols_;
    names.emplace(std::move(first), std::move(second));
  }
  return index;
}

std::string PluginIndex::text() const {
  std::string text = "# What the plugins of this folder have. Made by the server; edits are lost.\n";
  auto add_line = [&](const char *kind, const std::string &first, const std::string &second) {
    text.append(kind).append(first).append(second.empty() ? "" : " ").append(second).append("\n");
  };
  for (const auto &[file, name] : files_)
    name.empty() ? add_line("refused ", file, name) : add_line("plugin ", name, file);
  for (const auto &[option, name] : options_) add_line("option ", option, name);
  for (const auto &[symbol, name] : symbols_) add_line("symbol ", symbol, name);
  return text;
}

void PluginIndex::add(const PluginDescription &plugin) {
  const std::string file = plugin.path.substr(plugin.path.rfind('/') + 1);  // npos + 1 is 0
  const std::string name = file.substr(0, file.rfind(kSuffix));
  files_.emplace(file, name);
  for (const OptionDescription &option : plugin.options) {
    options_.emplace(option.name, name);
    if (option.shortcut) options_.emplace(std::string{'-', option.shortcut}, name);
  }
  for (const std::string &symbol : plugin.provides) symbols_.emplace(symbol, name);
}

Result<PluginIndex> scan_plugin_folder(const std::string &path) {
  auto folder = list_folder(path);
  if (!folder) return folder.error();
  return describe_folder(*folder, path);
}

Result<PluginIndex> open_plugin_index(const std::string &path) {
  auto folder = list_folder(path);
  if (!folder) return folder.error();
  const std::string file = path + kFile;
  struct stat info;
  if (stat(file.c_str(), &info) || folder->newest_ns > modified_ns(info))
    return describe_folder(*folder, path);
  auto text = read_file(file.c_str(), kMaxIndexBytes);
  auto index = text ? PluginIndex::parse(*text, file) : text.error();
  if (!index) log_warning("%s", index.error().message().c_str());
  bool fits = index && index->files().size() == folder->files.size();
  for (const auto &[link, name] : folder->files) fits = fits && index->files().contains(name);
  return fits ? std::move(*index) : describe_folder(*folder, path);
}

Result<void> write_plugin_index(const std::string &path) {
  auto index = scan_plugin_folder(path);
  if (!index) return index.error();
  const std::string text = index->text(), file = path + kFile, temporary = file + ".new";
  auto fd = open_file(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd && write(fd->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      rename(temporary.c_str(), file.c_str()) == 0)
    return {};
  return system_error("write '" + file + "'", errno, {}, kExitNoPerm);
}

}  // namespace mortise
