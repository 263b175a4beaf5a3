#include "sdk/tool/header.h"

#include <set>

#include "kernel/fd.h"
#include "sdk/inspect/plugin_folders.h"

namespace mortise {

namespace {

constexpr size_t kMaxHeaderBytes = 1024 * 1024;

class Inliner {
 public:
  explicit Inliner(std::string folder) : folder_(std::move(folder)) {}
  Result<void> add(const std::string &file);
  std::string text;

 private:
  std::string folder_;
  std::set<std::string> done_;
};

// The file of the SDK that #include names, as seen from the folder of <uwsgi.h>; empty: the line is no such
// include.
std::string included_file(const std::string &line) {
  constexpr std::string_view kInclude = "#include \"";
  if (line == "#include <uwsgi.h>") return "uwsgi.h";  // headers that stand alone have it
  const size_t end = line.rfind('"');
  if (!line.starts_with(kInclude) || end <= kInclude.size()) return {};
  std::string file = line.substr(kInclude.size(), end - kInclude.size());
  return file.starts_with("../") ? file.substr(3) : file;
}

Result<void> Inliner::add(const std::string &file) {
  if (!done_.insert(file).second) return {};
  auto contents = read_file((folder_ + "/" + file).c_str(), kMaxHeaderBytes);
  if (!contents) return contents.error();
  for (size_t begin = 0; begin < contents->size();) {
    const size_t end = std::min(contents->find('\n', begin), contents->size());
    const std::string line = contents->substr(begin, end - begin);
    begin = end + 1;
    if (const std::string named = included_file(line); !named.empty()) {
      if (auto added = add(named); !added) return added;
    } else if (line != "#pragma once") {
      text += line + "\n";
    }
  }
  return {};
}

}  // namespace

Result<std::string> self_contained_header() {
  Inliner inliner(sdk_include_folder());
  inliner.text = "#ifndef MORTISE_UWSGI_H\n#define MORTISE_UWSGI_H\n";
  if (auto done = inliner.add("uwsgi.h"); !done) return done.error();
  return inliner.text + "#endif\n";
}

}  // namespace mortise
