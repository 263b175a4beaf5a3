// Which interpreter's prefix the embedded one uses. Left alone, CPython would derive it from the first
// "python3" in PATH, which may belong to another version.
#pragma once

#include <string>

namespace mortise::python {

struct PythonHome {
  std::string
      executable;  // sys.executable; its folder leads to pyvenv.cfg or the standard library. Empty: unknown
  std::string prefix;  // PYTHONHOME; empty but for a prefix that is no virtualenv
};

// From --virtualenv, else the active virtualenv (VIRTUAL_ENV), else where this libpython is installed. False:
// the virtualenv cannot be used, the log says why. [master]
bool find_python_home(PythonHome *home);

}  // namespace mortise::python
