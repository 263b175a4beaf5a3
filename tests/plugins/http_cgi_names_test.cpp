#include "plugins/http/cgi_names.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace mortise::http;

namespace {

HeaderField field(std::string_view name) {
  return {name, {}, find_header(name)};
}

std::string name_of(std::string_view name) {
  char scratch[64];
  return std::string(cgi_name(field(name), scratch));
}

}  // namespace

TEST_CASE("known headers have their CGI name in any case, at one address") {
  for (const char *name : {"accept-encoding", "Accept-Encoding", "ACCEPT-ENCODING"}) {
    CHECK(name_of(name) == "HTTP_ACCEPT_ENCODING");
    CHECK(cgi_name(field(name), {}).data() == cgi_name(field("Accept-encoding"), {}).data());
  }
  CHECK(name_of("Content-Type") == "CONTENT_TYPE");
  CHECK(name_of("content-LENGTH") == "CONTENT_LENGTH");
  CHECK(name_of("Host") == "HTTP_HOST");
  CHECK(name_of("TE") == "HTTP_TE");
  CHECK(name_of("X-Forwarded-For") == "HTTP_X_FORWARDED_FOR");
  CHECK(name_of("sec-fetch-mode") == "HTTP_SEC_FETCH_MODE");
  CHECK(name_of("Access-Control-Request-Headers") == "HTTP_ACCESS_CONTROL_REQUEST_HEADERS");
}

TEST_CASE("each known header is found by its own name and by no near one") {
  std::set<std::string_view> names;
  for (int i = 0; i < static_cast<int>(HeaderId::kUnknown); ++i) {
    std::string_view cgi = cgi_name_of(static_cast<HeaderId>(i));
    if (cgi.empty()) break;
    std::string name(cgi.substr(cgi.starts_with("HTTP_") ? 5 : 0));
    for (char &byte : name) byte = byte == '_' ? '-' : byte;
    INFO(name);
    CHECK(static_cast<int>(find_header(name)) == i);
    CHECK(find_header(name + "x") == HeaderId::kUnknown);
    CHECK(find_header("x" + name) == HeaderId::kUnknown);
    for (size_t at = 0; at < name.size(); ++at) {
      std::string near = name;
      near[at] = near[at] == '-' ? '_' : '!';
      CHECK(find_header(near) == HeaderId::kUnknown);
    }
    names.insert(cgi);
  }
  CHECK(names.size() >= 40);
}

TEST_CASE("any token of one or two bytes, or a very long one, is looked up without harm") {
  for (int a = '!'; a < 0x7f; ++a)
    for (int b = '!'; b < 0x7f; ++b) {
      const char name[] = {static_cast<char>(a), static_cast<char>(b)};
      find_header({name, 1});
      CHECK((find_header({name, 2}) != HeaderId::kUnknown) == ((a | 0x20) == 't' && (b | 0x20) == 'e'));
    }
  for (size_t size : {255, 256, 257, 260, 300, 70000})
    CHECK(find_header(std::string(size, 'h')) == HeaderId::kUnknown);
}

TEST_CASE("unknown headers get their name in the caller's buffer") {
  CHECK(name_of("X-My-header2") == "HTTP_X_MY_HEADER2");
  CHECK(name_of("a") == "HTTP_A");
  CHECK(name_of("x.y~z") == "HTTP_X.Y~Z");
}

TEST_CASE("a name that could stand for another, and Proxy, are dropped") {
  CHECK(name_of("X_Forwarded_For").empty());
  CHECK(name_of("Content_Length").empty());
  CHECK(name_of("_").empty());
  CHECK(name_of("Proxy").empty());
  CHECK(name_of("pROXY").empty());
  CHECK(name_of("Proxy-Connection") == "HTTP_PROXY_CONNECTION");
}

TEST_CASE("a buffer that is too small drops the header") {
  char scratch[8];
  CHECK(cgi_name(field("abc"), scratch) == "HTTP_ABC");
  CHECK(cgi_name(field("abcd"), scratch).empty());
}
