// Expressions of ${math[…]}: + - * / % ^, brackets, numbers, names. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace mortise::routing {

// value_of gives the number of a name. Nothing where it is no expression, or divides by zero.
std::optional<double> evaluate(std::string_view expression,
                               const std::function<double(std::string_view name)> &value_of);

}  // namespace mortise::routing
