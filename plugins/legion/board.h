// What all processes may ask of a legion, in shared memory; one process writes it.
#pragma once

#include <cstdint>
#include <string>

#include "settings.h"

namespace mortise::legion {

// [master, before the fork]
Board *create_board();
// [legion] scrolls: each behind its length in 16 bits, little endian.
void publish(Legion &legion, bool i_am_the_lord, const std::string &lord_scroll, const std::string &scrolls);

}  // namespace mortise::legion
