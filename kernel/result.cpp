#include "kernel/result.h"

#include <cstring>

namespace mortise {

std::string Error::message() const {
  std::string line = what;
  if (!why.empty()) line += ": " + why;
  if (!hint.empty()) line += " (" + hint + ")";
  return line;
}

Error system_error(std::string what, int errnum, std::string hint, int exit_code) {
  return Error{std::move(what), strerror(errnum), std::move(hint), exit_code};
}

}  // namespace mortise
