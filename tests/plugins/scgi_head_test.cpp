#include "plugins/scgi/head.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace mortise::scgi;

TEST_CASE("an SCGI head is whole when its comma has come", "[scgi]") {
  const std::string text = std::string("24:CONTENT_LENGTH\0") + "5";
  const std::string head("24:CONTENT_LENGTH\0005\0SCGI\0001\0,rest", 32);
  for (size_t len = 0; len < 28; ++len) CHECK(find_block(head.substr(0, len), 100).verdict == Verdict::kMore);
  const Block block = find_block(head, 100);
  REQUIRE(block.verdict == Verdict::kGood);
  CHECK(block.used == 28);
  std::vector<std::string> seen;
  CHECK(for_each_pair(block.pairs, [&](std::string_view name, std::string_view value) {
    seen.push_back(std::string(name) + "=" + std::string(value));
    return true;
  }));
  CHECK(seen == std::vector<std::string>{"CONTENT_LENGTH=5", "SCGI=1"});
}

TEST_CASE("an SCGI head that promises too much is refused by its first digits", "[scgi]") {
  CHECK(find_block("101", 100).verdict == Verdict::kTooLarge);
  CHECK(find_block("99999999999999999999", 100).verdict == Verdict::kTooLarge);
}
