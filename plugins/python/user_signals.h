// Python functions as handlers of the server's signals: 256 numbered events between processes.
#pragma once

#include <cstdint>

#include "cpython.h"

namespace mortise::python {

// Hook signal_handler: calls the function that this process registered with the number. 0, or -1. [worker]
int run_signal_handler(uint8_t signum, void *handler);

// The number as a signal's; false with ValueError set when it is none.
bool parse_signum(int number, uint8_t *signum);

// Makes the shared table of numbers for names. [master]
void create_signal_numbers();

}  // namespace mortise::python
