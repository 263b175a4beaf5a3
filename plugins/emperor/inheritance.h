// What an emperor tells its successor of a vassal: fields of text, and descriptors beside them.
#pragma once

#include <string>
#include <vector>

#include "vassals.h"

namespace mortise::emperor {

struct Legacy {
  std::string text;      // fields that end with a zero byte
  std::vector<int> fds;  // as many as the text says
};

// The descriptors stay the vassal's.
Legacy describe(const Vassal &vassal);
// What describe() made, of whatever release: false where it is not understood.
bool is_legacy(const Legacy &legacy);
// Makes the vassal, which has the descriptors from then on. legacy: one that is_legacy(). [emperor]
void inherit(const Legacy &legacy);

}  // namespace mortise::emperor
