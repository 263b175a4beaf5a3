#include "mime_types.h"

#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

namespace mortise::runtime {

namespace {

constexpr int kExitNoInput = 66;

struct Table {
  // The usual ones of the web are known without any file.
  std::map<std::string, std::string, std::less<>> types{
      {"html", "text/html"},     {"htm", "text/html"},         {"css", "text/css"},
      {"js", "text/javascript"}, {"json", "application/json"}, {"txt", "text/plain"},
      {"png", "image/png"},      {"jpg", "image/jpeg"},        {"jpeg", "image/jpeg"},
      {"gif", "image/gif"},      {"svg", "image/svg+xml"},     {"ico", "image/x-icon"},
      {"webp", "image/webp"},    {"pdf", "application/pdf"},   {"xml", "application/xml"},
      {"woff2", "font/woff2"},   {"wasm", "application/wasm"}};

  // Of an ending that is named twice the last type counts. False with errno where the file cannot be read.
  bool add_file(const char *path) {
    char *text = uwsgi_simple_file_read(const_cast<char *>(path));
    if (!text) return false;
    std::istringstream lines(text);
    free(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line.substr(0, line.find('#')));
      std::string type, ending;
      for (words >> type; words >> ending;) types.insert_or_assign(ending, type);
    }
    return true;
  }
};

// With the files that options name, or else with /etc/mime.types, which may be absent.
const Table &table() {
  static const Table read = [] {
    Table fresh;
    bool named = false;
    for (int i = 0; i < uwsgi.exported_opts_cnt; ++i) {
      const uwsgi_opt &given = *uwsgi.exported_opts[i];
      if (strcmp(given.key, "mimefile") != 0 && strcmp(given.key, "mime-file") != 0) continue;
      named = true;
      const char *path = given.value ? given.value : "";
      if (fresh.add_file(path)) continue;
      uwsgi_log("error: %s = %s: %s (name a file that can be read, with lines such as: text/css css)\n",
                given.key, path, strerror(errno));
      uwsgi_exit(kExitNoInput);
    }
    if (!named) fresh.add_file("/etc/mime.types");
    return fresh;
  }();
  return read;
}

}  // namespace

int read_named_mime_files() {
  if (uwsgi_option_value("mimefile") || uwsgi_option_value("mime-file")) table();
  return 0;
}

}  // namespace mortise::runtime

extern "C" char *uwsgi_get_mime_type(char *path, int len, size_t *type_len) {
  const std::string_view name(path, static_cast<size_t>(std::max(len, 0)));
  const size_t dot = name.rfind('.');
  if (dot == name.npos || name.find('/', dot) != name.npos) return nullptr;
  std::string ending(name.substr(dot + 1));
  uwsgi_lower(ending.data(), ending.size());
  const auto &types = mortise::runtime::table().types;
  const auto found = types.find(ending);
  if (found == types.end()) return nullptr;
  *type_len = found->second.size();
  return const_cast<char *>(found->second.c_str());
}
