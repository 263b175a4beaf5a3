// What the build links into a server with embedded plugins, besides their objects: the list by which it finds
// them.
#pragma once

#include <string>
#include <vector>

#include "kernel/result.h"

namespace mortise {

// Writes C++ source that defines embedded_plugins[] (kernel/embedded_plugins.h). What the plugins provide and
// need is read from their files, which are made of the same objects.
Result<void> write_embedded_plugins(const std::string &output, const std::vector<std::string> &files);

}  // namespace mortise
