# Finds the libpython of the interpreter that -DPYTHON names, and searches afresh whenever that one changes: CMake would
# keep what it found for the one before.

if(PYTHON)
  set(interpreter "${PYTHON}")
else()
  find_program(MORTISE_PYTHON3 python3 REQUIRED)
  set(interpreter "${MORTISE_PYTHON3}")
endif()

# A shim or a symbolic link may change its meaning, so ask the interpreter itself who it is.
execute_process(COMMAND "${interpreter}" -c "import sys; print(sys.executable, sys.version.split()[0], sep='|')"
  OUTPUT_VARIABLE identity OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "cannot run the Python interpreter '${interpreter}'; name another one with -DPYTHON=/path")
endif()
if(NOT identity STREQUAL "${MORTISE_PYTHON_IDENTITY}")
  get_cmake_property(variables CACHE_VARIABLES)
  list(FILTER variables INCLUDE REGEX "^_?Python3_")
  foreach(variable IN LISTS variables)
    unset(${variable} CACHE)
  endforeach()
  set(MORTISE_PYTHON_IDENTITY "${identity}" CACHE INTERNAL "The interpreter whose libpython was found")
endif()

string(REGEX REPLACE "\\|.*" "" Python3_EXECUTABLE "${identity}")
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter Development.Embed)
set_target_properties(Python3::Python PROPERTIES IMPORTED_GLOBAL TRUE)
message(STATUS "python plugin: Python ${Python3_VERSION}, ${Python3_LIBRARIES}")
