#include "plugins/http/host_syntax.h"

#include <catch2/catch.hpp>

#include <string>

using namespace mortise::http;

TEST_CASE("names, addresses and ports are hosts") {
  for (const char *text : {"", "a", "a.b-c_d~e", "!$&'()*+,;=", "a%20b", "1.2.3.4", "a:", "a:0", "a:65535",
                           "a:00080", "[::]", "[::1]:80", "[1:2:3:4:5:6:7:8]:", "[::ffff:1.2.3.4]"}) {
    INFO(text);
    CHECK(is_host_and_port(text));
  }
}

TEST_CASE("nothing else is a host") {
  for (const char *text :
       {":",          ":80",    "a:b",       "a:8b",      "a:-1",     "a:65536", "a:4294967376", "a::",
        "a b",        " a",     "a/b",       "a@b",       "a?b",      "a#b",     "a\\b",         "a\"b",
        "a<b",        "a|b",    "a^b",       "a`b",       "a{b",      "a%",      "a%2",          "a%2g",
        "[",          "]",      "[]",        "[a]",       "[::1",     "::1]",    "[::1]80",      "[1.2.3.4]",
        "[::1%eth0]", "[v1.x]", "[1::2::3]", "[12345::]", "\xc3\xa9", "a\x7f"}) {
    INFO(text);
    CHECK_FALSE(is_host_and_port(text));
  }
  CHECK_FALSE(is_host_and_port(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_host_and_port("[" + std::string(100, ':') + "]"));
}
