// Packed arrays: what a call is sent in.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/calls/packed_array.h"

using namespace mortise::calls;
using namespace std::string_literals;

namespace {

struct Parsed {
  bool good;
  std::vector<std::string> items{};
};
Parsed parse(const std::string &block) {
  Parsed parsed{};
  parsed.good = parse_array(block, [&](std::string_view item) {
    parsed.items.emplace_back(item);
    return true;
  });
  return parsed;
}

}  // namespace

TEST_CASE("a packed array is split into its items") {
  const Parsed parsed = parse("\x03\x00one\x00\x00\x01\x00z"s);
  CHECK(parsed.good);
  CHECK(parsed.items == std::vector<std::string>{"one", "", "z"});
  CHECK(parse("").good);
}

TEST_CASE("a packed array whose length points outside is refused") {
  for (const std::string &bad : {"\x01"s, "\x01\x00"s, "\x02\x00z"s, "\xff\xffz"s, "\x01\x00z\x09"s})
    CHECK_FALSE(parse(bad).good);
}

TEST_CASE("a call is packed as function and arguments behind a header") {
  char first[] = "a", second[] = "bc";
  char *argv[] = {first, second};
  const uint16_t argvs[] = {1, 2};
  CHECK(pack_call(173, "f", 2, argv, argvs) == "\xad\x0a\x00\x00\x01\x00\x66\x01\x00\x61\x02\x00\x62\x63"s);
}

TEST_CASE("a call that is longer than a packet is not made") {
  std::string large(65535, 'x');
  char *argv[] = {large.data()};
  const uint16_t argvs[] = {65535};
  CHECK_FALSE(pack_call(173, "f", 1, argv, argvs));
  const uint16_t fits[] = {65535 - 2 - 1 - 2};
  CHECK(pack_call(173, "f", 1, argv, fits));
}
