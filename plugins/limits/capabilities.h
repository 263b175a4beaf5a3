// capabilities(7) that the server keeps when it becomes another user.
#pragma once

namespace mortise::limits {

// Option callback: names without "cap_", or numbers.
void add_capabilities(char *name, char *value, void *);

// [master] Before and after the change of the user.
void keep_capabilities();
void take_capabilities();

}  // namespace mortise::limits
