// How values come about: the collectors that are there from the start.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::metrics {

// ptr, file, sum, accumulator, adder, avg, multiplier, func. [load]
void add_built_in_collectors();

// The number that stands in the n-th field (0: the first) of a text, between blanks and line ends; 0 where
// there is none.
int64_t number_in_field(std::string_view text, int64_t n);

}  // namespace mortise::metrics
