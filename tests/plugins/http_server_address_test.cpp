#include "plugins/http/server_address.h"

#include <catch2/catch.hpp>

using mortise::http::why_no_server_address;

TEST_CASE("host and port, paths and abstract names are addresses of servers", "[http]") {
  for (const char *text : {"127.0.0.1:3031", "localhost:1", "no-such-host.invalid:65535", ":80", "[::1]:80",
                           "/run/app.sock", "/a:b", "@name"})
    CHECK(why_no_server_address(text).empty());
}

TEST_CASE("what nobody can connect to is refused with what to write", "[http]") {
  const std::string forms = " (write HOST:PORT, /path or @abstract)";
  CHECK(why_no_server_address("") == "it is empty" + forms);
  CHECK(why_no_server_address("@") == "its name is empty" + forms);
  CHECK(why_no_server_address("/") == "its name is empty" + forms);
  CHECK(why_no_server_address("123") == "it has no port" + forms);
  CHECK(why_no_server_address("app.sock") == "it has no port" + forms);
  for (const char *text : {"127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:", "a:80x", "a:-1", "unix:/x"})
    CHECK(why_no_server_address(text) == "its port is not a number from 1 to 65535" + forms);
  CHECK(why_no_server_address("::1:80") == "an IPv6 address must be in brackets (write [::1]:8080)");
  CHECK(why_no_server_address("[x]:80") == "what is in brackets is not an IPv6 address (write [::1]:8080)");
}
