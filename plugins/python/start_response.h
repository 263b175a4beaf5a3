// The start_response callable and the write callable that it returns (PEP 3333).
#pragma once

#include "exchange.h"

namespace mortise::python {

bool create_start_response_types(Interpreter &);  // false with an exception set

extern const vectorcallfunc start_response_call;
extern const vectorcallfunc write_call;

}  // namespace mortise::python
