// What the configuration says of mules and farms.
#pragma once

#include <string>
#include <vector>

namespace mortise::mules {

struct FarmSettings {
  std::string name;
  std::vector<int> mules;
};

// "name:1,2,3"; the error is empty where it is good.
struct ParsedFarm {
  FarmSettings farm;
  std::string error;
};
ParsedFarm parse_farm(const std::string &text, int mules);

}  // namespace mortise::mules
