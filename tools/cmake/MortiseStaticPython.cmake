# The target mortise_static_python brings an interpreter's archive (libpythonX.Y.a) into a program: all of it, since extension
# modules call what nothing here does, and with its names exported to them. Where there is no archive there
# is no target, and MORTISE_STATIC_PYTHON is an error.
# An archive whose code must have a fixed place, as Debian's, makes programs that have one (no PIE).

set(ask [[
import os, sys, sysconfig
var = lambda name: sysconfig.get_config_var(name) or ""
archive = os.path.join(var("LIBPL"), var("LIBRARY"))
libraries = " ".join(var(name) for name in ("MODLIBS", "LIBS", "SYSLIBS"))
shared = "/libpython" in open("/proc/self/maps").read()
print(archive, libraries, os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable), "OFF" if shared else "ON", sep="|")
]])
execute_process(COMMAND "${Python3_EXECUTABLE}" -I -c "${ask}"
  OUTPUT_VARIABLE facts OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "|" ";" facts "${facts}")
list(GET facts 0 archive)
list(GET facts 1 libraries)
list(GET facts 2 base)
list(GET facts 3 has_itself)
set(MORTISE_BASE_PYTHON "${base}" CACHE INTERNAL "The interpreter's program, outside of virtualenvs")
set(MORTISE_PYTHON_HAS_ITSELF "${has_itself}" CACHE INTERNAL "It is linked with the interpreter, not with libpython.so")
if(NOT EXISTS "${archive}")
  if(MORTISE_STATIC_PYTHON)
    message(FATAL_ERROR "MORTISE_STATIC_PYTHON: ${Python3_EXECUTABLE} has no archive to link: there is no ${archive} "
      "(Debian has it in libpython3.x-dev; CPython's configure leaves it out with --without-static-libpython; or name "
      "another interpreter with -DPYTHON=/path)")
  endif()
  return()
endif()

separate_arguments(libraries UNIX_COMMAND "${libraries}")
list(FILTER libraries INCLUDE REGEX "^-[lL]")  # neither archives of CPython's own tree, nor where its libpython.so is
list(REMOVE_DUPLICATES libraries)
add_library(mortise_static_python INTERFACE)
target_link_libraries(mortise_static_python INTERFACE
  -Wl,--whole-archive "${archive}" -Wl,--no-whole-archive ${libraries} ${CMAKE_DL_LIBS})
set(exports "${CMAKE_CURRENT_BINARY_DIR}/static-python.list")
file(CONFIGURE OUTPUT "${exports}" CONTENT "{ Py*; _Py*; };\n")
target_link_options(mortise_static_python INTERFACE "-Wl,--dynamic-list=${exports}")

include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES -pie "${archive}" ${libraries} ${CMAKE_DL_LIBS})
string(MAKE_C_IDENTIFIER "MORTISE_MOVABLE_${archive}" movable)
check_c_source_compiles("int Py_BytesMain(int, char **); int main(void) { return Py_BytesMain(0, 0); }" ${movable})
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT ${movable})
  target_link_options(mortise_static_python INTERFACE -no-pie)
endif()
