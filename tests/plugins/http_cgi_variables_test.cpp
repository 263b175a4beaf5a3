#include "plugins/http/cgi_variables.h"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <string>

using namespace mortise::http;

namespace {

struct MapSink {
  std::map<std::string, std::string> variables;
  std::deque<std::string> memory;
  size_t room = 100'000;
  bool add(std::string_view name, std::string_view value) {
    CHECK(variables.count(std::string(name)) == 0);
    variables[std::string(name)] = value;
    return true;
  }
  char *allocate(size_t size) {
    if (size > room) return nullptr;
    room -= size;
    return memory.emplace_back(size, '\0').data();
  }
};

struct Parsed {
  explicit Parsed(std::string request) : text(std::move(request)) {
    size_t hint = 0;
    ParseResult result = parse_request_head(text, {}, head, hint);
    INFO(result.reason);
    REQUIRE(result.verdict == Verdict::kComplete);
  }
  std::string text;
  RequestHead head;
};

constexpr Endpoints kEnds = {"192.0.2.7", "4711", "fallback.example", "8080"};

std::map<std::string, std::string> variables_of(const std::string &request) {
  Parsed parsed(request);
  MapSink sink;
  REQUIRE(CgiVariables(sink, parsed.head).write(kEnds));
  return sink.variables;
}

}  // namespace

TEST_CASE("a head becomes the variables of RFC 3875 and PEP 3333", "[http][cgi_variables]") {
  auto vars = variables_of(
      "POST /a%20b/c?x=%20 HTTP/1.1\r\nHost: example.com:81\r\nContent-Type: text/plain\r\nContent-Length: "
      "3\r\n"
      "X-Thing: 1\r\n\r\n");
  CHECK(vars["REQUEST_METHOD"] == "POST");
  CHECK(vars["REQUEST_URI"] == "/a%20b/c?x=%20");
  CHECK(vars["PATH_INFO"] == "/a b/c");
  CHECK(vars["QUERY_STRING"] == "x=%20");
  CHECK(vars["SCRIPT_NAME"].empty());
  CHECK(vars["SERVER_PROTOCOL"] == "HTTP/1.1");
  CHECK(vars["SERVER_NAME"] == "example.com");
  CHECK(vars["SERVER_PORT"] == "8080");
  CHECK(vars["HTTP_HOST"] == "example.com:81");
  CHECK(vars["REMOTE_ADDR"] == "192.0.2.7");
  CHECK(vars["REMOTE_PORT"] == "4711");
  CHECK(vars["REQUEST_SCHEME"] == "http");
  CHECK(vars["UWSGI_ROUTER"] == "http");
  CHECK(vars["CONTENT_TYPE"] == "text/plain");
  CHECK(vars["CONTENT_LENGTH"] == "3");
  CHECK(vars["HTTP_X_THING"] == "1");
  CHECK(vars.count("HTTP_CONTENT_LENGTH") == 0);
}

TEST_CASE("a path is decoded once", "[http][cgi_variables]") {
  CHECK(variables_of("GET /%2541 HTTP/1.1\r\nHost: x\r\n\r\n")["PATH_INFO"] == "/%41");
}

TEST_CASE("the version that applications see is ours", "[http][cgi_variables]") {
  CHECK(variables_of("GET / HTTP/1.0\r\n\r\n")["SERVER_PROTOCOL"] == "HTTP/1.0");
  CHECK(variables_of("GET / HTTP/1.7\r\nHost: x\r\n\r\n")["SERVER_PROTOCOL"] == "HTTP/1.1");
}

TEST_CASE("without a host the server has its own name", "[http][cgi_variables]") {
  CHECK(variables_of("GET / HTTP/1.0\r\n\r\n")["SERVER_NAME"] == "fallback.example");
  CHECK(variables_of("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")["SERVER_NAME"] == "[::1]");
  CHECK(variables_of("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")["SERVER_NAME"] == "[::1]");
}

TEST_CASE("lines of one name are joined, cookies by a semicolon", "[http][cgi_variables]") {
  auto vars = variables_of(
      "GET / HTTP/1.1\r\nHost: x\r\nAccept: a\r\nX-One: 1\r\nCookie: k=1\r\naccept: b\r\nx-one: 2\r\ncookie: "
      "l=2\r\n"
      "X-ONE: 3\r\n\r\n");
  CHECK(vars["HTTP_ACCEPT"] == "a, b");
  CHECK(vars["HTTP_X_ONE"] == "1, 2, 3");
  CHECK(vars["HTTP_COOKIE"] == "k=1; l=2");
}

TEST_CASE("headers that would spoof others are dropped", "[http][cgi_variables]") {
  auto vars = variables_of(
      "GET / HTTP/1.1\r\nHost: x\r\nX_Real: 1\r\nProxy: http://evil\r\nContent_Length: 5\r\nX-Real: "
      "2\r\n\r\n");
  CHECK(vars["HTTP_X_REAL"] == "2");
  CHECK(vars.count("HTTP_PROXY") == 0);
  CHECK(vars.count("CONTENT_LENGTH") == 0);
}

TEST_CASE("a head for which there is no room is refused", "[http][cgi_variables]") {
  Parsed parsed("GET / HTTP/1.1\r\nHost: x\r\nX-Some-Header: 1\r\n\r\n");
  MapSink sink;
  sink.room = 3;
  CHECK_FALSE(CgiVariables(sink, parsed.head).write(kEnds));
}
