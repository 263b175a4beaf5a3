// What the configuration says of farms.
#include <catch2/catch.hpp>

#include "plugins/mules/configured.h"

using namespace mortise::mules;

TEST_CASE("a farm is a name and numbers of mules") {
  const ParsedFarm parsed = parse_farm("fast:1,3", 3);
  CHECK(parsed.error.empty());
  CHECK(parsed.farm.name == "fast");
  CHECK(parsed.farm.mules == std::vector<int>{1, 3});
}

TEST_CASE("a farm of mules that are not there is refused") {
  CHECK(parse_farm("fast:1,4", 3).error == "there is no mule '4' (there are 3)");
  CHECK(parse_farm("fast:0", 3).error == "there is no mule '0' (there are 3)");
  CHECK(parse_farm("fast:x", 3).error == "there is no mule 'x' (there are 3)");
  CHECK(parse_farm("fast:1,", 3).error == "there is no mule '' (there are 3)");
  CHECK(parse_farm("fast", 3).error == "it must be a name and numbers of mules (name:1,2)");
  CHECK(parse_farm(":1", 3).error == "it must be a name and numbers of mules (name:1,2)");
}
