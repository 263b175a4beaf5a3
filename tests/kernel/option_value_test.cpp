#include "config/option_value.h"

#include <catch2/catch.hpp>

using namespace mortise;

TEST_CASE("the usual words for true and false are understood in any case") {
  for (const char *word : {"true", "True", "TRUE", "1", "yes", "on", "", "  true  ", "4"}) {
    INFO(word);
    CHECK(*parse_bool("lazy-apps", word));
  }
  for (const char *word : {"false", "False", "0", "no", "off", "OFF"}) {
    INFO(word);
    auto value = parse_bool("lazy-apps", word);
    REQUIRE(value);
    CHECK_FALSE(*value);
  }
}

TEST_CASE("a comment after a boolean or a number is ignored, and how the value was read is told") {
  std::string commented;
  CHECK_FALSE(*parse_bool("lazy-apps", "false #x", &commented));
  CHECK(commented == "lazy-apps = 'false'");
  CHECK(*parse_bool("master", "true;"));
  CHECK(*parse_number("processes", "4 ; four", &commented) == 4);
  CHECK(commented == "processes = '4'");
}

TEST_CASE("a value without a comment leaves the note alone") {
  std::string commented;
  CHECK(*parse_number("processes", "4", &commented) == 4);
  CHECK(*parse_bool("master", "on", &commented));
  CHECK(commented.empty());
}

TEST_CASE("numbers may have a sign and white space around them") {
  CHECK(*parse_number("nice", " -5 ") == -5);
  CHECK(*parse_number("limit-as", "9223372036854775807") == 9223372036854775807L);
}

TEST_CASE("what is no number is an error that names the option and the value") {
  auto failure = [](const char *value) {
    auto number = parse_number("workers", value);
    REQUIRE_FALSE(number);
    CHECK(number.error().exit_code == kExitUsage);
    return number.error().message();
  };
  CHECK(failure("four") == "workers = 'four': not a number (give a whole number, without a unit)");
  CHECK(failure("32k") == "workers = '32k': not a number (give a whole number, without a unit)");
  CHECK(failure("9223372036854775808") ==
        "workers = '9223372036854775808': out of range (from -9223372036854775808 to 9223372036854775807)");
  for (const char *value : {"", "1.5", "+1", "0x10", "1 2", "\"4\"", "# four"})
    CHECK_FALSE(parse_number("workers", value));
}

TEST_CASE("what is neither true nor false is an error") {
  auto value = parse_bool("master", "maybe");
  REQUIRE_FALSE(value);
  CHECK(value.error().message() == "master = 'maybe': neither true nor false (give true or false)");
}
