#include "tests/places.h"

namespace mortise {

const char *const kSourceDir = MORTISE_SOURCE_DIR;
const char *const kBuildDir = MORTISE_BUILD_DIR;

}  // namespace mortise
