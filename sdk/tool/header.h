// --dot-h: the SDK's header as one file, for builds that keep a copy of it.
#pragma once

#include <string>

#include "kernel/result.h"

namespace mortise {

// <uwsgi.h> with the SDK's own headers in place of their #includes; needs nothing but the system's headers.
Result<std::string> self_contained_header();

}  // namespace mortise
