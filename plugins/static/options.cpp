#include "options.h"

#include <strings.h>

#include <cstdlib>
#include <string_view>

namespace mortise::files {

namespace {

[[noreturn]] void refuse(const char *name, const char *value, const std::string &why) {
  uwsgi_log_verbose("static: --%s %s: %s\n", name, value, why.c_str());
  uwsgi_exit(64);
}

// "key=value" or "key value"; the last of the separators counts, a pattern may hold others.
std::pair<std::string, std::string> split(const char *name, const char *value, const char *example) {
  std::string_view text = value;
  const size_t at = text.find_last_of("= ");
  if (at == text.npos || at + 1 == text.size())
    refuse(name, value, std::string("not of the form ") + example);
  std::string_view key = text.substr(0, at);
  while (!key.empty() && key.back() == ' ') key.remove_suffix(1);
  return {std::string(key), std::string(text.substr(at + 1))};
}

// POSIX extended expressions, with the \d that uWSGI's users know.
regex_t compile(const char *name, const char *value, const std::string &pattern) {
  std::string extended;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size() && pattern[i + 1] == 'd') {
      extended += "[0-9]";
      ++i;
    } else {
      extended += pattern[i];
    }
  }
  regex_t compiled;
  if (int error = regcomp(&compiled, extended.c_str(), REG_EXTENDED | REG_NOSUB)) {
    char why[200];
    regerror(error, &compiled, why, sizeof why);
    refuse(name, value, why);
  }
  return compiled;
}

}  // namespace

constinit Options options;

void add_mount(char *name, char *value, void *whole) {
  std::string_view text = value;
  const size_t equals = text.find('=');
  if (equals == text.npos) refuse(name, value, "not of the form /path=FOLDER");
  std::string path(text.substr(0, equals));
  while (!path.empty() && path.back() == '/') path.pop_back();
  if (!path.empty() && path.front() != '/') path.insert(path.begin(), '/');
  options.mounts.push_back({path, std::string(text.substr(equals + 1)), whole != nullptr});
}

void add_expiry(char *name, char *value, void *kind) {
  const auto [key, seconds] = split(name, value, "PATTERN=SECONDS");
  const auto bits = reinterpret_cast<uintptr_t>(kind);
  Expiry added{static_cast<Subject>(bits >> 1), (bits & 1) != 0, key, {}, 0};
  char *end = nullptr;
  added.seconds = strtol(seconds.c_str(), &end, 10);
  if (*end) refuse(name, value, "the seconds are not a number");
  if (added.subject != Subject::kType) added.pattern = compile(name, value, key);
  options.expiries.push_back(added);
}

void add_gzip_pattern(char *name, char *value, void *) {
  options.gzip_patterns.push_back(compile(name, value, value));
}

void set_frontend(char *name, char *value, void *) {
  static constexpr std::pair<const char *, const char *> kModes[] = {{"nginx", "X-Accel-Redirect"},
                                                                     {"x-accel-redirect", "X-Accel-Redirect"},
                                                                     {"xaccelredirect", "X-Accel-Redirect"},
                                                                     {"x-sendfile", "X-Sendfile"},
                                                                     {"xsendfile", "X-Sendfile"}};
  for (const auto &[mode, header] : kModes)
    if (strcasecmp(value, mode) == 0) {
      options.frontend_header = header;
      return;
    }
  refuse(name, value, "neither x-sendfile nor x-accel-redirect");
}

bool matches(const regex_t &pattern, const std::string &text) {
  return regexec(&pattern, text.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace mortise::files
