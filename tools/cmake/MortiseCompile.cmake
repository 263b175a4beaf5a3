# How everything in this tree is compiled: standard, warnings, sections, sanitizers, ccache.
# What only the kernel needs stands in kernel/CMakeLists.txt; plugins get nothing from here that changes their ABI.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)  # an interpreter outside the system's folders

find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

# What is installed does not tell where it was built.
add_compile_options("-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
add_compile_options(-Wall -Wextra -ffunction-sections -fdata-sections -fno-plt)
# Plugin and option tables name the members that they set and leave the rest to be zero.
add_compile_options(-Wno-missing-field-initializers)
add_link_options(-Wl,--gc-sections -Wl,--as-needed)

if(MORTISE_LTO)
  include(CheckIPOSupported)
  check_ipo_supported()
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()

if(MORTISE_SANITIZE)
  add_compile_options(-fsanitize=${MORTISE_SANITIZE} -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # it guesses wrong with sanitizers on
  # What it intercepts it must find at its start, also where only a plugin's library has it: crypt_r(3).
  add_link_options(-fsanitize=${MORTISE_SANITIZE} -Wl,--push-state,--no-as-needed -lcrypt -Wl,--pop-state)
  if(MORTISE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(MORTISE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
