#include "config/config_host.h"

#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdlib>

#include "config/config_scheme.h"
#include "kernel/fd.h"

namespace mortise {

namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;
constexpr const char *kCompatibleVersion =
    "2.0.31";  // the release of uWSGI that files may take this server for

}  // namespace

Result<std::string> ConfigHost::read_file(const std::string &path) {
  if (auto text = read_scheme(path, kMaxFileBytes)) return *text;
  return mortise::read_file(path.c_str(), kMaxFileBytes);
}

PathKind ConfigHost::path_kind(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return PathKind::kAbsent;
  if (S_ISREG(status.st_mode)) return PathKind::kFile;
  return S_ISDIR(status.st_mode) ? PathKind::kFolder : PathKind::kOther;
}

std::vector<std::string> ConfigHost::glob(const std::string &pattern) {
  glob_t matches{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0)
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  return paths;
}

std::optional<std::string> ConfigHost::environment(const std::string &name) {
  const char *value = getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

std::optional<std::string> ConfigHost::fact(char letter) {
  using namespace std::chrono;
  static const auto start = system_clock::now().time_since_epoch();
  char text[PATH_MAX] = "";
  switch (letter) {
    case 'v':
      return getcwd(text, sizeof text) ? text : "";
    case 'h':
      return gethostname(text, sizeof text - 1) == 0 ? text : "";
    case 'k':
      return std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
    case 't':
      return std::to_string(duration_cast<seconds>(start).count());
    case 'T':
      return std::to_string(duration_cast<microseconds>(start).count());
    case 'u':
      return std::to_string(geteuid());
    case 'g':
      return std::to_string(getegid());
    case 'V':
      return kCompatibleVersion;
    case 'U': {
      const passwd *entry = getpwuid(geteuid());
      return entry ? entry->pw_name : fact('u');
    }
    case 'G': {
      const group *entry = getgrgid(getegid());
      return entry ? entry->gr_name : fact('g');
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string> ConfigHost::format_of_option(const std::string &) {
  return std::nullopt;
}
std::optional<std::string> ConfigHost::format_of_file(const std::string &) {
  return std::nullopt;
}
Result<IniSection> ConfigHost::read_format(const std::string &format, const std::string &path,
                                           const std::string &) {
  return Error{"read " + path, "there is no format " + format, {}, kExitConfig};
}

}  // namespace mortise
