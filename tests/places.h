// Where the tests find what is not theirs. Defined in one file, so that only that one is compiled anew for
// another folder.
#pragma once

namespace mortise {

extern const char *const kSourceDir;
extern const char *const kBuildDir;

}  // namespace mortise
