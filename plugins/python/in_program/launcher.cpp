// mortise-in-python: executes the interpreter's own program, in which the server then runs:
// mortise_in_python.so, which is loaded before it, begins in place of its main (start.cpp). That code of the
// interpreter is optimised as a whole, which neither a shared libpython nor, with Debian, the archive is
// (docs/performance.md).
#include <limits.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int fail(const std::string &what, const char *why, const char *hint) {
  fprintf(stderr, "error: %s: %s (%s)\n", what.c_str(), why, hint);
  return EX_OSFILE;
}

}  // namespace

int main(int, char **argv) {
  char own[PATH_MAX];
  const ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
  if (len < 0) return fail("read the link /proc/self/exe", strerror(errno), "is /proc mounted?");
  own[len] = '\0';
  const std::string folder(own, strrchr(own, '/') - own + 1);
  std::string library = folder + "../lib/mortise/" MORTISE_LIBRARY;
  if (access((folder + MORTISE_LIBRARY).c_str(), R_OK) == 0) library = folder + MORTISE_LIBRARY;
  if (access(library.c_str(), R_OK))
    return fail("read " + library, strerror(errno), "install the server again");
  if (library.find_first_of(" :") != std::string::npos)
    return fail("load " + library, "its path has a blank or a colon",
                "ld.so takes none in LD_PRELOAD: install it elsewhere");
  setenv("MORTISE_PROGRAM", own, 1);
  if (const char *others = getenv("LD_PRELOAD"); others && *others) {
    setenv("MORTISE_PRELOADED", others, 1);  // for the server's children again
    library += std::string(":") + others;
  }
  setenv("LD_PRELOAD", library.c_str(), 1);
  execv(MORTISE_PYTHON, argv);
  return fail("execute " MORTISE_PYTHON, strerror(errno),
              "build the server for an interpreter that is there");
}
