#include "configured.h"

#include <algorithm>
#include <cstdlib>

namespace mortise::mules {

ParsedFarm parse_farm(const std::string &text, int mules) {
  ParsedFarm parsed;
  const size_t colon = text.find(':');
  parsed.farm.name = text.substr(0, colon);
  if (colon == text.npos || parsed.farm.name.empty() || parsed.farm.name.size() > 254) {
    parsed.error = "it must be a name and numbers of mules (name:1,2)";
    return parsed;
  }
  for (size_t at = colon + 1; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string number = text.substr(at, end - at);
    const int id = std::atoi(number.c_str());
    const bool digits = !number.empty() && number.find_first_not_of("0123456789") == number.npos;
    if (!digits || id < 1 || id > mules) {
      parsed.error = "there is no mule '" + number + "' (there are " + std::to_string(mules) + ")";
      return parsed;
    }
    parsed.farm.mules.push_back(id);
    at = end + 1;
  }
  return parsed;
}

}  // namespace mortise::mules
