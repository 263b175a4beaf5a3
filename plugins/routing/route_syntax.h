// The text of a `route…` option taken apart. Pure; knows no names of actions or conditions.
#pragma once

#include <string>
#include <string_view>

namespace mortise::routing {

// What stands in front of the action.
enum class Subject {
  kPattern,    // a regular expression: ^/path action:args
  kCondition,  // name:args action:args
  kStatus,     // 404 action:args
  kNothing,    // action:args
  kLabel,      // a name, and no action
};

struct RouteText {
  std::string_view subject;  // pattern, arguments of the condition, status
  std::string_view condition;
  std::string_view action, args;  // action without its colon
  std::string error;              // empty: well formed
};

RouteText parse_route(std::string_view value, Subject subject);

// The list of a chain that an option name belongs to, by its beginning.
enum class Chain { kRequest, kError, kResponse, kFinal };
Chain chain_of_option(std::string_view option);

}  // namespace mortise::routing
