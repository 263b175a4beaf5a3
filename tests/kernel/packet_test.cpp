#include "kernel/packet.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace mortise;

namespace {

std::string pair(std::string_view key, std::string_view value) {
  auto prefixed = [](std::string_view text) {
    std::string bytes{static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    return bytes.append(text);
  };
  return prefixed(key) + prefixed(value);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool parse(std::string_view block, Pairs *pairs) {
  return parse_packet_vars(block, [&](std::string_view key, std::string_view value) {
    pairs->emplace_back(key, value);
    return true;
  });
}

}  // namespace

TEST_CASE("a packet head has modifier 1, a little endian size and modifier 2") {
  PacketHead head = parse_packet_head(std::string_view("\x05\x34\x12\x07", 4));
  CHECK(head.modifier1 == 5);
  CHECK(head.vars_bytes == 0x1234);
  CHECK(head.modifier2 == 7);
}

TEST_CASE("variables of a packet come in order, empty ones too") {
  Pairs pairs;
  REQUIRE(parse(pair("REQUEST_METHOD", "GET") + pair("QUERY_STRING", ""), &pairs));
  CHECK(pairs == Pairs{{"REQUEST_METHOD", "GET"}, {"QUERY_STRING", ""}});
}

TEST_CASE("an empty block has no variables and is good") {
  Pairs pairs;
  CHECK(parse("", &pairs));
  CHECK(pairs.empty());
}

TEST_CASE("a packet cut at any byte inside a variable is refused") {
  std::string block = pair("HTTP_HOST", "localhost") + pair("PATH_INFO", "/");
  size_t first = pair("HTTP_HOST", "localhost").size();
  for (size_t len = 1; len < block.size(); ++len) {
    Pairs pairs;
    CAPTURE(len);
    CHECK(parse(std::string_view(block).substr(0, len), &pairs) == (len == first));
  }
}

TEST_CASE("a length that points outside the packet is refused") {
  Pairs pairs;
  CHECK_FALSE(parse(std::string_view("\xff\xff"
                                     "abc",
                                     5),
                    &pairs));
}
