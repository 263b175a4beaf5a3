#include "plugins/http/field_list.h"

#include <catch2/catch.hpp>

#include <string>

using namespace mortise::http;

TEST_CASE("a list gives its elements without blanks, and no empty ones (RFC 9110 5.6.1)") {
  auto joined = [](std::string_view list) {
    std::string text;
    for_each_element(list, [&](std::string_view element) { text += '<' + std::string(element) + '>'; });
    return text;
  };
  CHECK(joined("") == "");
  CHECK(joined(" , ,\t") == "");
  CHECK(joined("a") == "<a>");
  CHECK(joined(" a b ,, c\t,") == "<a b><c>");
}

TEST_CASE("a Content-Length is digits up to 2^64 - 1 and nothing else") {
  CHECK(parse_content_length("0") == 0);
  CHECK(parse_content_length("007") == 7);
  CHECK(parse_content_length("18446744073709551615") == UINT64_MAX);
  for (const char *text :
       {"", " ", "-1", "-0", "+1", " 1", "1 ", "1,1", "0x1", "1.", "1e3", "18446744073709551616"}) {
    INFO(text);
    CHECK_FALSE(parse_content_length(text));
  }
}

TEST_CASE("options of Connection are gathered in any case and over several lines") {
  ConnectionOptions options;
  options.add("Upgrade, x");
  options.add(" ,KEEP-ALIVE");
  CHECK((options.upgrade && options.keep_alive && !options.close));
  options.add("close");
  CHECK(options.close);
}
