#include "sdk/tool/skeleton.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "kernel/fd.h"
#include "sdk/inspect/plugin_file.h"
#include "sdk/tool/data_folder.h"

namespace mortise {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTemplateBytes = 1024 * 1024;

void replace_all(std::string &text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
}

// A template's text with its marks replaced.
std::string filled_in(std::string text, const std::string &name) {
  std::string option = name;
  std::replace(option.begin(), option.end(), '_', '-');
  replace_all(text, "@NAME@", name);
  replace_all(text, "@SYMBOL@", table_symbol(name));
  replace_all(text, "@OPTION@", option);
  return text;
}

Result<void> copy_folder(const fs::path &from, const fs::path &to, const std::string &name) {
  std::error_code failed;
  for (const auto &entry : fs::recursive_directory_iterator(from, failed)) {
    const fs::path path = to / filled_in(fs::relative(entry.path(), from), name);
    if (entry.is_directory()) {
      fs::create_directories(path, failed);
      continue;
    }
    auto text = read_file(entry.path().c_str(), kMaxTemplateBytes);
    if (!text) return text.error();
    std::ofstream out(path);
    out << filled_in(*text, name);
    out.close();
    if (!out) return system_error("write " + path.string(), errno, {}, kExitNoPerm);
    fs::permissions(path, entry.status().permissions() | fs::perms::owner_write, failed);
  }
  if (failed) return Error{"read " + from.string(), failed.message(), "install the SDK again", kExitNoInput};
  return {};
}

}  // namespace

Result<void> new_plugin(const std::string &name, const std::string &language) {
  const std::string what = "make a plugin '" + name + "'";
  const bool valid = !name.empty() && isalpha(static_cast<unsigned char>(name[0])) &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return islower(c) || isdigit(c) || c == '_' || c == '-';
                     });
  if (!valid)
    return Error{what, "that is no name", "a small letter, then small letters, digits, - and _", kExitUsage};
  if (language != "c" && language != "c++" && language != "rust")
    return Error{what, "there is no template for '" + language + "'", "--lang c, c++ or rust", kExitUsage};
  std::error_code failed;
  if (!fs::create_directory(name, failed))
    return Error{what, failed ? failed.message() : "there is a file or folder of this name",
                 "choose another name, or another folder to be in", kExitNoPerm};
  if (auto done = copy_folder(data_file("template/common"), name, name); !done) return done;
  return copy_folder(data_file("template/" + language), name, name);
}

}  // namespace mortise
