#include "kernel/result.h"

#include <cstring>

namespace mortise {

std::string Error::message() const {
  std::string line = what;
  if (!why.empty()) line += ": " + why;
  if (hint.empty()) return line;
  if (hint.find('\n') == std::string::npos) return line + " (" + hint + ")";
  line += "\n  ";
  for (char c : hint) {
    line += c;
    if (c == '\n') line += "  ";
  }
  return line;
}

Error system_error(std::string what, int errnum, std::string hint, int exit_code) {
  return Error{std::move(what), strerror(errnum), std::move(hint), exit_code};
}

}  // namespace mortise
