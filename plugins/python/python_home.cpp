#include "python_home.h"

#include "cpython.h"
#include "options.h"

#include <uwsgi.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fs = std::filesystem;

namespace mortise::python {

namespace {

std::string our_version() {
  return std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);
}

bool is_there(const fs::path &path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path interpreter_in(const fs::path &bin) {
  for (const std::string &name : {"python" + our_version(), std::string("python3"), std::string("python")})
    if (is_there(bin / name)) return bin / name;
  return {};
}

// "3.11" out of pyvenv.cfg (venv writes "version = 3.11.2", virtualenv "version_info = 3.11.2.final.0");
// empty when neither stands there.
std::string version_of_virtualenv(const fs::path &config) {
  std::ifstream file(config);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("version", 0) != 0) continue;
    size_t start = line.find_first_of("0123456789");
    size_t dot = line.find('.', start);
    size_t end = line.find_first_not_of("0123456789", dot + 1);
    if (start != std::string::npos && dot != std::string::npos) return line.substr(start, end - start);
  }
  return {};
}

// Where bin/pythonX.Y stands next to the folder that this libpython was loaded from. Where it is linked in,
// that is the interpreter that it was built with (MORTISE_STATIC_PYTHON).
std::string installed_executable() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(Py_GetVersion), &info) || !info.dli_fname) return {};
  std::error_code failed;
  fs::path library = fs::canonical(info.dli_fname, failed);
  if (failed || library.filename().string().rfind("libpython", 0) != 0)
    return is_there(MORTISE_PYTHON) ? MORTISE_PYTHON : "";
  constexpr int kLevels = 4;  // /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0 belongs to /usr/bin/python3.11
  fs::path folder = library.parent_path();
  for (int level = 0; level < kLevels; ++level, folder = folder.parent_path()) {
    fs::path candidate = folder / "bin" / ("python" + our_version());
    if (is_there(candidate)) return candidate;
  }
  return {};
}

// Why a virtualenv has no interpreter: often its bin/python leads to where this user may not look.
std::string missing_interpreter(const fs::path &bin) {
  fs::path end = bin / "python";
  std::error_code no_link;
  if (!fs::is_symlink(end, no_link)) return "it has no bin/python";
  constexpr int kMostLinks = 8;
  for (int links = 0; links < kMostLinks && fs::is_symlink(end, no_link); ++links)
    end = end.parent_path() / fs::read_symlink(end, no_link);
  const int why = access(end.c_str(), F_OK) ? errno : ELOOP;
  return "its bin/python leads to " + end.string() + ": " + strerror(why) +
         (why == EACCES ? " for user " + std::to_string(geteuid()) : "");
}

// Fills home for a folder that the user named; otherwise says what is wrong with it.
std::string use_folder(const fs::path &folder, PythonHome *home) {
  if (!is_there(folder)) {
    const bool hidden = access(folder.c_str(), F_OK) != 0 && errno == EACCES;
    return hidden ? "user " + std::to_string(geteuid()) + " may not look there" : "there is no such folder";
  }
  if (is_there(folder / "pyvenv.cfg")) {
    std::string version = version_of_virtualenv(folder / "pyvenv.cfg");
    if (!version.empty() && version != our_version())
      return "it is a virtualenv of Python " + version + ", and this plugin is built for " + our_version();
    home->executable = interpreter_in(folder / "bin");
    return home->executable.empty() ? missing_interpreter(folder / "bin") : "";
  }
  if (is_there(folder / "lib" / ("python" + our_version()) / "os.py")) {
    home->prefix = folder;
    home->executable = interpreter_in(folder / "bin");
    return {};
  }
  return "it is neither a virtualenv (no pyvenv.cfg) nor a prefix of Python " + our_version();
}

}  // namespace

bool find_python_home(PythonHome *home) {
  if (options.home) {
    std::error_code ignored;
    std::string wrong = use_folder(fs::absolute(options.home, ignored), home);
    if (wrong.empty()) return true;
    uwsgi_log(
        "python: virtualenv %s cannot be used: %s (make one with python%s -m venv, or build the plugin for "
        "the "
        "other version)\n",
        options.home, wrong.c_str(), our_version().c_str());
    return false;
  }
  if (const char *active = getenv("VIRTUAL_ENV"); active && *active) {
    std::string wrong = use_folder(active, home);
    if (wrong.empty()) return true;
    uwsgi_log("python: the active virtualenv %s is not used: %s (name another one with --virtualenv)\n",
              active, wrong.c_str());
    *home = {};
  }
  home->executable = installed_executable();
  return true;
}

}  // namespace mortise::python
