#include "plugins/http/response_parser.h"

#include <catch2/catch.hpp>

#include "request_feeding.h"

using namespace mortise::http;
using namespace std::string_literals;

namespace {

struct Parsed {
  std::string bytes;
  ParseResult result{};
  ResponseHead head;

  explicit Parsed(std::string text) : bytes(std::move(text)) {
    size_t hint = 0;
    result = parse_response_head(bytes, {}, head, hint);
    INFO(describe(result));
    REQUIRE(result.verdict == Verdict::kComplete);
  }
  Parsed(const Parsed &) = delete;
};

std::string with_status(std::string_view line) {
  return std::string(line) + "\r\nContent-Length: 0\r\n\r\n";
}

std::string with_lines(std::string_view lines) {
  return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}

}  // namespace

TEST_CASE("a response head is taken apart") {
  Parsed response(
      "HTTP/1.1 404 Not Found\r\nContent-Type:  text/html \r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
      "Content-Length: 5\r\n\r\nhello");
  const ResponseHead &head = response.head;
  CHECK(response.result.consumed == response.bytes.size() - 5);
  CHECK(head.status == 404);
  CHECK(head.reason == "Not Found");
  CHECK(head.minor == 1);
  CHECK(head.keep_alive);
  CHECK(head.content_length == 5);
  REQUIRE(head.headers().size() == 4);
  CHECK(head.headers()[2].value == "b");
  CHECK(head.body(false) == BodyFraming::kLength);
}

TEST_CASE("a response's header lines can be copied as they were sent") {
  Parsed response(with_lines("X:  y \r\nEmpty:\r\nBlank: \t\r\nZ:z\r\n"));
  CHECK(header_line(response.head.headers()[0]) == "X:  y");
  CHECK(header_line(response.head.headers()[1]) == "Empty:");
  CHECK(header_line(response.head.headers()[2]) == "Blank: \t");
  CHECK(header_line(response.head.headers()[3]) == "Z:z");
}

TEST_CASE("each of a table of responses gets its verdict, however it is cut") {
  const struct {
    const char *what;
    std::string bytes;
    bool accepted;
  } cases[] = {
      {"the plainest", with_status("HTTP/1.1 200 OK"), true},
      {"1.0", with_status("HTTP/1.0 200 OK"), true},
      {"a higher minor version", with_status("HTTP/1.2 200 OK"), true},
      {"an empty reason", with_status("HTTP/1.1 200 "), true},
      {"no reason, and no space", with_status("HTTP/1.1 200"), true},
      {"a reason with a tab and Latin-1", with_status("HTTP/1.1 200 \xe9 \t x"), true},
      {"the lowest status", with_status("HTTP/1.1 100 Continue"), true},
      {"the highest status", with_status("HTTP/1.1 599 x"), true},
      {"no header", "HTTP/1.1 200 OK\r\n\r\n", true},
      {"chunked", with_lines("Transfer-Encoding: chunked\r\n"), true},

      {"an empty line before", "\r\n" + with_status("HTTP/1.1 200 OK"), false},
      {"a status of 099", with_status("HTTP/1.1 099 x"), false},
      {"a status of 600", with_status("HTTP/1.1 600 x"), false},
      {"a status of two digits", with_status("HTTP/1.1 20 OK"), false},
      {"a status of four digits", with_status("HTTP/1.1 2000 OK"), false},
      {"a status with a letter", with_status("HTTP/1.1 2x0 OK"), false},
      {"a tab behind the status", with_status("HTTP/1.1 200\tOK"), false},
      {"two spaces before the status", with_status("HTTP/1.1  200 OK"), false},
      {"no version", with_status("200 OK"), false},
      {"CGI's status line", with_status("Status: 200 OK"), false},
      {"HTTP/2.0", with_status("HTTP/2.0 200 OK"), false},
      {"a version in lower case", with_status("http/1.1 200 OK"), false},
      {"a NUL in the reason", with_status("HTTP/1.1 200 a\0b"s), false},
      {"a bare CR in the reason", with_status("HTTP/1.1 200 a\rb"), false},
      {"a bare LF behind the reason", "HTTP/1.1 200 OK\nX: y\r\n\r\n", false},
      {"a bare LF behind a header", with_lines("X: y\nZ: z\r\n"), false},
      {"a bare CR in a header", with_lines("X: y\rZ: z\r\n"), false},
      {"a NUL in a header", with_lines("X: \0\r\n"s), false},
      {"a folded header", with_lines("X: y\r\n z\r\n"), false},
      {"a space before a colon", with_lines("X : y\r\n"), false},
      {"no colon", with_lines("X\r\n"), false},
      {"no name", with_lines(": y\r\n"), false},
      {"two lengths", with_lines("Content-Length: 5\r\nContent-Length: 5\r\n"), false},
      {"a list of lengths", with_lines("Content-Length: 5, 5\r\n"), false},
      {"a length that is no number", with_lines("Content-Length: x\r\n"), false},
      {"a length and chunked", with_lines("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), false},
      {"chunked and a length", with_lines("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), false},
      {"chunked twice", with_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), false},
      {"another coding", with_lines("Transfer-Encoding: gzip, chunked\r\n"), false},
      {"chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false},
  };
  for (const auto &response : cases) {
    INFO(response.what);
    ParseResult whole = feed_whole<ResponseFeed>(response.bytes);
    INFO(describe(whole));
    CHECK(whole.verdict == (response.accepted ? Verdict::kComplete : Verdict::kRefused));
    CHECK(whole.status == (response.accepted ? 0 : 502));
    for (size_t step : {1, 2, 3, 7, 16, 17})
      CHECK(describe(feed_growing<ResponseFeed>(response.bytes, step)) == describe(whole));
  }
}

TEST_CASE("a body ends as the head says (RFC 9112 6.3)") {
  auto body = [](std::string_view text, bool head_request = false) {
    return Parsed(std::string(text)).head.body(head_request);
  };
  CHECK(body("HTTP/1.1 200 OK\r\n\r\n") == BodyFraming::kUntilClose);
  CHECK(body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") == BodyFraming::kLength);
  CHECK(body("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == BodyFraming::kNone);
  CHECK(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == BodyFraming::kChunked);
  CHECK(body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true) == BodyFraming::kNone);
  CHECK(body("HTTP/1.1 204 x\r\n\r\n") == BodyFraming::kNone);
  CHECK(body("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n") == BodyFraming::kNone);
  CHECK(body("HTTP/1.1 100 x\r\n\r\n") == BodyFraming::kNone);
}

TEST_CASE("interim answers are told from the final one, and from an upgrade") {
  CHECK(Parsed("HTTP/1.1 100 Continue\r\n\r\n").head.is_interim());
  CHECK(Parsed("HTTP/1.1 103 x\r\n\r\n").head.is_interim());
  CHECK_FALSE(Parsed("HTTP/1.1 200 OK\r\n\r\n").head.is_interim());
  Parsed upgrade("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK_FALSE(upgrade.head.is_interim());
  CHECK(upgrade.head.upgrade);
  CHECK_FALSE(Parsed("HTTP/1.1 200 OK\r\nConnection: Upgrade\r\n\r\n").head.upgrade);
}

TEST_CASE("a connection to a worker is kept as its version and Connection say") {
  CHECK(Parsed(with_lines("")).head.keep_alive);
  CHECK_FALSE(Parsed(with_lines("Connection: close\r\n")).head.keep_alive);
  CHECK_FALSE(Parsed("HTTP/1.0 200 OK\r\n\r\n").head.keep_alive);
  CHECK(Parsed("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST_CASE("a response head is bounded in bytes and in lines") {
  CHECK(feed_whole<ResponseFeed>(with_lines("X: " + std::string(64 * 1024, 'a'))).status == 502);
  std::string lines;
  for (int i = 0; i < 128; ++i) lines += "X: y\r\n";
  CHECK(feed_whole<ResponseFeed>(with_lines(lines)).verdict == Verdict::kComplete);
  CHECK(feed_whole<ResponseFeed>(with_lines(lines + "X: y\r\n")).status == 502);
}
