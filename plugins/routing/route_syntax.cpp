#include "route_syntax.h"

namespace mortise::routing {

namespace {

constexpr std::string_view kBlank = " \t";

// Splits at the first blanks; what follows them is returned.
std::string_view take_word(std::string_view *text) {
  size_t end = text->find_first_of(kBlank);
  std::string_view word = text->substr(0, end);
  size_t next = end == text->npos ? text->npos : text->find_first_not_of(kBlank, end);
  *text = next == text->npos ? std::string_view{} : text->substr(next);
  return word;
}

bool is_status(std::string_view text) {
  return text.size() == 3 && text.find_first_not_of("0123456789") == text.npos && text[0] >= '1' &&
         text[0] <= '5';
}

}  // namespace

RouteText parse_route(std::string_view value, Subject subject) {
  RouteText route;
  size_t begin = value.find_first_not_of(kBlank);
  std::string_view rest = begin == value.npos ? std::string_view{} : value.substr(begin);
  if (subject == Subject::kLabel) {
    route.subject = rest;
    if (rest.empty()) route.error = "a label has a name";
    return route;
  }
  if (subject != Subject::kNothing) {
    route.subject = take_word(&rest);
    if (rest.empty()) {
      route.error = "there is no action: write it behind a blank, as in '^/old redirect:/new'";
      return route;
    }
  }
  if (subject == Subject::kCondition) {
    size_t colon = route.subject.find(':');
    if (colon == route.subject.npos || colon == 0) {
      route.error = "a condition is written name:arguments, as in 'exists:/srv/maintenance'";
      return route;
    }
    route.condition = route.subject.substr(0, colon);
    route.subject.remove_prefix(colon + 1);
  }
  if (subject == Subject::kStatus && !is_status(route.subject)) {
    route.error = "'" + std::string(route.subject) + "' is not a status from 100 to 599";
    return route;
  }
  size_t colon = rest.find(':');
  if (colon == rest.npos || colon == 0) {
    route.error = "an action is written name:arguments; the colon stays where there are no arguments";
    return route;
  }
  route.action = rest.substr(0, colon);
  route.args = rest.substr(colon + 1);
  return route;
}

Chain chain_of_option(std::string_view option) {
  if (option.starts_with("error")) return Chain::kError;
  if (option.starts_with("response")) return Chain::kResponse;
  if (option.starts_with("final")) return Chain::kFinal;
  return Chain::kRequest;
}

}  // namespace mortise::routing
