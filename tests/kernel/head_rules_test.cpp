#include "sdk/runtime/head_rules.h"

#include <catch2/catch.hpp>

using namespace mortise;
using namespace std::string_view_literals;

TEST_CASE("a field's name is a token (RFC 9110 5.6.2)", "[head_rules]") {
  for (std::string_view name : {"X", "x-y", "!#$%&'*+-.^_`|~09az"}) CHECK(is_field_name(name));
  for (std::string_view name :
       {""sv, " X"sv, "X "sv, "X:"sv, "X\r\nY"sv, "X\0"sv, "X\xe9"sv, "X(y)"sv, "X\t"sv})
    CHECK_FALSE(is_field_name(name));
}

TEST_CASE("a field's value has no control byte but tab (RFC 9110 5.5)", "[head_rules]") {
  for (std::string_view text : {""sv, "a\tb"sv, "caf\xe9"sv, " a "sv, "~"sv}) CHECK(is_field_text(text));
  for (std::string_view text : {"a\r\nb"sv, "\n"sv, "\r"sv, "\0"sv, "\x01"sv, "\x1f"sv, "\x7f"sv, "\v"sv})
    CHECK_FALSE(is_field_text(text));
}

TEST_CASE("a length is digits up to 2^64 - 1 (RFC 9110 8.6)", "[head_rules]") {
  CHECK(content_length_of("0") == 0u);
  CHECK(content_length_of("007") == 7u);
  CHECK(content_length_of("18446744073709551615") == UINT64_MAX);
  for (std::string_view text : {"", " 5", "5 ", "+5", "-5", "5,5", "5x", "0x5", "18446744073709551616"})
    CHECK_FALSE(content_length_of(text));
}

TEST_CASE("a status has three digits and is final, or 101 (RFC 9110 15)", "[head_rules]") {
  CHECK(status_code_of("200 OK") == 200);
  CHECK(status_code_of("200") == 200);
  CHECK(status_code_of("599 ") == 599);
  CHECK(status_code_of("101 Switching Protocols") == 101);
  for (std::string_view text : {"", "20", "2000", "200OK", "abc", "-20 x", "+20 x", " 20", "100 Continue",
                                "103", "199", "600", "200 a\r\nX: y", "200 \x7f"})
    CHECK_FALSE(status_code_of(text));
}

TEST_CASE("options of Connection are told apart, in any case (RFC 9110 7.6.1)", "[head_rules]") {
  const auto wishes = [](std::string_view value) {
    const ConnectionWishes found = connection_wishes_of(value);
    return std::pair(found.close, found.others);
  };
  CHECK(wishes("") == std::pair(false, false));
  CHECK(wishes(" , ,") == std::pair(false, false));
  CHECK(wishes("keep-alive") == std::pair(false, false));
  CHECK(wishes("CLOSE") == std::pair(true, false));
  CHECK(wishes("Upgrade") == std::pair(false, true));
  CHECK(wishes("keep-alive ,\tclose, upgrade") == std::pair(true, true));
  CHECK(wishes("closed") == std::pair(false, true));
}
