#include "sdk/runtime/address.h"

#include <uwsgi.h>
#include <catch2/catch.hpp>

using namespace mortise;

namespace {

Address parsed(std::string_view text) {
  auto address = parse_address(text);
  INFO(text);
  REQUIRE(address);
  return *address;
}

std::string refusal(std::string_view text) {
  auto address = parse_address(text);
  INFO(text);
  REQUIRE_FALSE(address);
  CHECK(address.error().exit_code == kExitUsage);
  return address.error().message();
}

}  // namespace

TEST_CASE("every form of an address is understood") {
  CHECK(parsed("127.0.0.1:9090").host == "127.0.0.1");
  CHECK(parsed("127.0.0.1:9090").port == 9090);
  CHECK(parsed(":9090").host.empty());
  CHECK(parsed("*:9090").host.empty());
  CHECK(parsed("127.0.0.1:0").port == 0);
  CHECK(parsed("example.org:80").host == "example.org");
  CHECK(parsed("[::1]:8080").host == "::1");
  CHECK(parsed("[::1]:8080").port == 8080);
  CHECK(parsed("fd://3").kind == AddressKind::kInherited);
  CHECK(parsed("fd://3").fd == 3);
  CHECK(parsed("@name").kind == AddressKind::kAbstract);
  CHECK(parsed("@name").path == "name");
  CHECK(parsed("/run/app.sock").path == "/run/app.sock");
  for (const char *path : {"/run/a:1.sock", "app.sock", "./9090", "../x", "unix:/x/y", "unix:///x/y"})
    CHECK(parsed(path).kind == AddressKind::kUnix);
  CHECK(parsed("unix:///x/y").path == "/x/y");
}

TEST_CASE("a comment behind host:port is none of the address, one behind a path is") {
  CHECK(parsed("127.0.0.1:3031 # nginx").port == 3031);
  CHECK(parsed(":8000  ; behind nginx").text == ":8000");
  CHECK(parsed("app.sock # nginx").path == "app.sock # nginx");
  CHECK(parsed("/run/a:1 # nginx").path == "/run/a:1 # nginx");
  CHECK(parsed("@a:1 ;x").path == "a:1 ;x");
  CHECK_FALSE(parse_address("host:80 x"));
}

TEST_CASE("\"=0\" is the first shared socket, with what follows it") {
  uwsgi_string_list second{}, first{};
  first.value = const_cast<char *>(":80");
  first.next = &second;
  second.value = const_cast<char *>(":443");
  CHECK(shared_socket_address("=0", &first) == ":80");
  CHECK(shared_socket_address("=1,cert,key", &first) == ":443,cert,key");
  for (const char *same : {"=2", "=x", "=0x", ":80", ""}) CHECK(shared_socket_address(same, &first) == same);
}

TEST_CASE("an address that means nothing, or not what it seems to, is refused with what to write") {
  CHECK(refusal("9090") ==
        "address '9090': it is a bare number (write ':9090' for the TCP port, './9090' for a socket "
        "file)");
  CHECK(refusal("127.0.0.1") == "address '127.0.0.1': its port is missing (write '127.0.0.1:8080')");
  CHECK(refusal("") == "address '': it is empty (write host:port, :port, /path, @abstract or fd://N)");
  CHECK(refusal("host:http") ==
        "address 'host:http': its port is not a number from 0 to 65535 (write host:port)");
  CHECK(refusal("fd://-1") ==
        "address 'fd://-1': its descriptor is neither a number nor a name (write fd://3 for descriptor 3, "
        "fd://web for the one that the service manager calls so)");
  CHECK(refusal("::1:80") == "address '::1:80': an IPv6 address must be in brackets (write [::1]:8080)");
  CHECK(refusal("[::1:80") ==
        "address '[::1:80': what is in brackets is not an IPv6 address (write [::1]:8080)");
  for (const char *text : {":", ":65536", ":-1", ":80 ", "fd://", "fd://-1", "@", "unix:", "[1.2.3.4]:80"})
    refusal(text);
}

TEST_CASE("addresses are resolved and written again") {
  for (const char *text : {"127.0.0.1:80", "[::1]:8080", "/run/app.sock", "@name"})
    CHECK(resolve(parsed(text), "bind")->front().text() == text);
  CHECK(resolve(parsed(":80"), "bind")->front().text() == "0.0.0.0:80");
  CHECK(resolve(parsed("localhost:80"), "bind")->front().text() == "127.0.0.1:80");
}

TEST_CASE("a host that does not exist is refused by its name") {
  auto found = resolve(parsed("no-such-host.invalid:80"), "bind");
  REQUIRE_FALSE(found);
  CHECK(found.error().what == "bind no-such-host.invalid:80");
  CHECK(found.error().why.starts_with("host 'no-such-host.invalid' cannot be resolved: "));
  CHECK(found.error().hint == "check the name, or give an IP address");
  CHECK(found.error().exit_code == kExitNoAddress);
}

TEST_CASE("a path that no UNIX socket can have is refused") {
  auto found = resolve(parsed("/" + std::string(107, 'x')), "bind");
  REQUIRE_FALSE(found);
  CHECK(found.error().why == "its path is longer than the 107 bytes that a UNIX socket may have");
  CHECK(resolve(parsed("/" + std::string(106, 'x')), "bind"));
  CHECK(resolve(parsed("@" + std::string(107, 'x')), "bind"));
}
