// uWSGI's own plugins by name, and which of ours does what each of them did. Configurations name them
// ("plugins = python3,logfile,router_redirect"), though ours are loaded by themselves.
#pragma once

#include <string_view>

namespace mortise {

// Name of our plugin for one of uWSGI's, "kernel" where the server itself does it; "": it is none of uWSGI's,
// it is one of ours by the same name, or nothing here does its work.
std::string_view own_plugin_for(std::string_view name);

// What to do where no file has this plugin.
const char *missing_plugin_hint(std::string_view name);

}  // namespace mortise
