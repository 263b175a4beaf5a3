// What the configuration says about files. Set by option callbacks in the master, read-only after the fork.
#pragma once

#include <regex.h>
#include <uwsgi.h>

#include <string>
#include <vector>

namespace mortise::files {

// Where the files below a path of the URI are.
struct Mount {
  std::string path;  // "/static", without a slash at its end; empty: everything
  std::string root;
  bool whole_path;  // the mount's own path is looked up, too
};

enum class Subject { kFile, kType, kUri, kPath };

struct Expiry {
  Subject subject;
  bool from_mtime;
  std::string text;  // of kType
  regex_t pattern;   // of the others
  long seconds;
};

struct Options {
  std::vector<Mount> mounts;  // in the order given
  uwsgi_string_list *checked = nullptr, *indexes = nullptr, *skipped = nullptr, *safe = nullptr;
  int check_docroot = 0;
  const char *frontend_header = nullptr;  // tells a frontend which file to send; nullptr: we send it
  std::vector<Expiry> expiries;
  int gzip_all = 0;
  std::vector<regex_t> gzip_patterns;
  uwsgi_string_list *gzip_folders = nullptr, *gzip_endings = nullptr;
};

extern Options options;

// Callbacks of the option table. [load]
void add_mount(char *name, char *value, void *whole);
void add_expiry(char *name, char *value, void *kind);
void add_gzip_pattern(char *name, char *value, void *data);
void set_frontend(char *name, char *value, void *data);

// What add_expiry gets as its data.
inline void *expiry(Subject subject, bool from_mtime) {
  return reinterpret_cast<void *>(static_cast<uintptr_t>(subject) << 1 | (from_mtime ? 1 : 0));
}

bool matches(const regex_t &pattern, const std::string &text);

}  // namespace mortise::files
