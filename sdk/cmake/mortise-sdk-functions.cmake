# mortise_add_plugin(NAME source…)
#
# Builds <NAME>_plugin.so from C or C++ sources that include <uwsgi.h> or <mortise/plugin.hpp>. NAME is a target:
# add what it needs with target_link_libraries(NAME PRIVATE …). Its table must be called <NAME>_plugin.
# The server resolves the uwsgi_* functions when it loads the file; the plugin links nothing of mortise.

function(mortise_add_plugin name)
  set(exports "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin-exports.map")
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE mortise::sdk)
  # Only the table and uwsgi_* functions are visible: two plugins may use the same names inside.
  target_link_options(${name} PRIVATE "-Wl,--version-script=${exports}")
  set_target_properties(${name} PROPERTIES
    PREFIX "" OUTPUT_NAME "${name}_plugin" SUFFIX ".so"
    LINK_DEPENDS "${exports}")
  if(NOT DEFINED CMAKE_CXX_STANDARD)
    set_target_properties(${name} PROPERTIES CXX_STANDARD 20)  # what <mortise/plugin.hpp> needs
  endif()
endfunction()
