#include "plugins/http/url_decode.h"

#include <catch2/catch.hpp>

#include <string>

using namespace mortise::http;

namespace {

std::optional<std::string> decode(std::string_view path) {
  char out[64];
  std::optional<std::string_view> decoded = decode_path(path, out);
  return decoded ? std::optional<std::string>(*decoded) : std::nullopt;
}

}  // namespace

TEST_CASE("a path without escapes is returned as it is, without a copy") {
  std::string_view path = "/plain+path";
  CHECK(decode_path(path, {})->data() == path.data());
  CHECK(decode_path("", {})->empty());
}

TEST_CASE("escapes are decoded, once") {
  CHECK(decode("/a%20b") == "/a b");
  CHECK(decode("%41%7a%7A") == "Azz");
  CHECK(decode("/%C3%A9%ff") == "/\xc3\xa9\xff");
  CHECK(decode("/%2e%2E%2f") == "/../");
  CHECK(decode("/%2541") == "/%41");
  CHECK(decode("%0a%01") == "\n\x01");
}

TEST_CASE("a path can be decoded in place") {
  char path[] = "/a%20b%20c/d";
  CHECK(decode_path(path, path) == "/a b c/d");
}

TEST_CASE("escapes that are not hexadecimal and escaped NULs are refused") {
  for (const char *path :
       {"%", "%4", "%zz", "%4z", "%z4", "/a%", "/a%2", "%00", "/a%00b", "%%41", "%-1", "% 1", "%0x41"}) {
    INFO(path);
    CHECK_FALSE(decode(path));
    CHECK_FALSE(is_decodable(path));
  }
  for (const char *path : {"", "/", "%01", "%10", "/%25%25"}) CHECK(is_decodable(path));
}

TEST_CASE("a buffer that is too small is refused") {
  char out[3];
  CHECK_FALSE(decode_path("%41b", out));
  CHECK(decode_path("%41", out) == "A");
}
