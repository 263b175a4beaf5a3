// The other processes of this server, seen from one that ends last.
#pragma once

namespace mortise::logging {

// Whether the master has other children that could still write lines; false once it is dead itself.
bool siblings_left();

}  // namespace mortise::logging
