// What a request head means once it is taken; each rule of RFC 9112 and 9110 that a server has to keep, by
// name. The tables beside this file hold the many ways to break them.
#include "plugins/http/request_parser.h"

#include <catch2/catch.hpp>

#include <ctime>

#include "request_cases.h"

using namespace mortise::http;

namespace {

struct Parsed {
  std::string bytes;
  ParseResult result{};
  RequestHead head;

  explicit Parsed(std::string text, const HeadLimits &limits = {}) : bytes(std::move(text)) {
    size_t hint = 0;
    result = parse_request_head(bytes, limits, head, hint);
    INFO(describe(result));
    REQUIRE(result.verdict == Verdict::kComplete);
  }
  Parsed(const Parsed &) = delete;
};

int status_of(const std::string &bytes, const HeadLimits &limits = {}) {
  return feed_whole<RequestFeed>(bytes, limits).status;
}

}  // namespace

TEST_CASE("a head is taken apart into views of the buffer") {
  Parsed request(
      "POST /a/b%20c?x=1&y HTTP/1.1\r\nHost: example.com:8080\r\nX-One:  two \r\nX-One: three\r\n\r\nbody");
  const RequestHead &head = request.head;
  CHECK(request.result.consumed == request.bytes.size() - 4);
  CHECK(head.method == "POST");
  CHECK(head.target == "/a/b%20c?x=1&y");
  CHECK(head.path == "/a/b%20c");
  CHECK(head.query == "x=1&y");
  CHECK(head.host == "example.com:8080");
  CHECK(head.minor == 1);
  REQUIRE(head.headers().size() == 3);
  CHECK(head.headers()[0].id == HeaderId::kHost);
  CHECK(head.headers()[1].name == "X-One");
  CHECK(head.headers()[1].value == "two");
  CHECK(head.headers()[1].id == HeaderId::kUnknown);
  CHECK(head.headers()[2].value == "three");
  for (std::string_view view : {head.method, head.path, head.query, head.host, head.headers()[2].value}) {
    CHECK(view.data() >= request.bytes.data());
    CHECK(view.data() + view.size() <= request.bytes.data() + request.bytes.size());
  }
}

TEST_CASE("a head leaves nothing behind for the next one") {
  RequestHead head;
  size_t hint = 0;
  REQUIRE(parse_request_head(
              "GET http://u/?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: upgrade\r\n"
              "Upgrade: x\r\nExpect: 100-continue\r\n\r\n",
              {}, head, hint)
              .verdict == Verdict::kComplete);
  hint = 0;
  REQUIRE(parse_request_head("GET / HTTP/1.0\r\n\r\n", {}, head, hint).verdict == Verdict::kComplete);
  CHECK(head.headers().empty());
  CHECK((head.query.empty() && head.host.empty() && head.upgrade.empty()));
  CHECK_FALSE((head.chunked || head.has_content_length || head.keep_alive || head.expect_continue));
  CHECK(head.minor == 0);
}

TEST_CASE("an empty line before the request line is ignored, up to eight of them (RFC 9112 2.2)") {
  Parsed request("\r\n" + with_line("GET / HTTP/1.1"));
  CHECK(request.result.consumed == request.bytes.size());
  CHECK(status_of("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + with_line("GET / HTTP/1.1")) == 400);
}

TEST_CASE("a bare CR is refused (RFC 9112 2.2)") {
  CHECK(status_of(with_lines("X: a\rb\r\n")) == 400);
  CHECK(status_of("GET / HTTP/1.1\rHost: a\r\r") == 400);
}

TEST_CASE("a bare LF ends no line (RFC 9112 2.2)") {
  CHECK(status_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(status_of(with_lines("X: a\nY: b\r\n")) == 400);
}

TEST_CASE("whitespace between the request line and the first header is refused (RFC 9112 2.2)") {
  CHECK(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("the version is case-sensitive (RFC 9112 2.3)") {
  CHECK(status_of(with_line("GET / http/1.1")) == 400);
}

TEST_CASE("a higher minor version is served as 1.1 (RFC 9110 2.5)") {
  CHECK(Parsed(with_line("GET / HTTP/1.7")).head.minor == 1);
}

TEST_CASE("another major version is refused with 505 (RFC 9110 15.6.6)") {
  CHECK(status_of(with_line("GET / HTTP/2.0")) == 505);
  CHECK(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
}

TEST_CASE("the parts of a request line are single spaces apart (RFC 9112 3)") {
  CHECK(status_of(with_line("GET  / HTTP/1.1")) == 400);
  CHECK(status_of(with_line("GET\t/ HTTP/1.1")) == 400);
  CHECK(status_of(with_line("GET / HTTP/1.1 ")) == 400);
}

TEST_CASE("a method longer than any known is refused with 501 (RFC 9112 3)") {
  CHECK(status_of(with_line(std::string(33, 'A') + " / HTTP/1.1")) == 501);
}

TEST_CASE("a target longer than the limit is refused with 414 (RFC 9112 3)") {
  HeadLimits limits;
  limits.max_target_bytes = 10;
  CHECK(status_of(with_line("GET /234567890 HTTP/1.1"), limits) == 0);
  CHECK(status_of(with_line("GET /2345678901 HTTP/1.1"), limits) == 414);
  CHECK(feed_growing<RequestFeed>(with_line("GET /2345678901 HTTP/1.1"), 1, limits).status == 414);
  CHECK(status_of(with_line("GET /" + std::string(32 * 1024, 'a') + " HTTP/1.1")) == 414);
}

TEST_CASE("targets of 8000 bytes are served (RFC 9112 3)") {
  CHECK(Parsed(with_line("GET /" + std::string(7999, 'a') + " HTTP/1.1")).head.path.size() == 8000);
}

TEST_CASE("a request line that is not valid is refused with 400 (RFC 9112 3)") {
  CHECK(status_of("GET / \r\n") == 400);
  CHECK(status_of(with_line("GET /a b HTTP/1.1")) == 400);
}

TEST_CASE("an absolute target is taken, and its host stands for Host (RFC 9112 3.2.2)") {
  Parsed request("GET hTTp://real:81/p?q HTTP/1.1\r\nX: y\r\nHost: other\r\n\r\n");
  CHECK(request.head.host == "real:81");
  CHECK(request.head.headers()[1].value == "real:81");
  CHECK(request.head.path == "/p");
  CHECK(request.head.query == "q");
  CHECK(request.head.target == "hTTp://real:81/p?q");
}

TEST_CASE("an absolute target without a path means / (RFC 9110 4.2.3)") {
  CHECK(Parsed(with_line("GET http://a HTTP/1.1")).head.path == "/");
  Parsed request(with_line("GET http://a?b/c HTTP/1.1"));
  CHECK(request.head.path == "/");
  CHECK(request.head.query == "b/c");
}

TEST_CASE("a URI without a host is refused (RFC 9110 4.2.1)") {
  CHECK(status_of(with_line("GET http:///a HTTP/1.1")) == 400);
}

TEST_CASE("user information in a URI is refused (RFC 9110 4.2.4)") {
  CHECK(status_of(with_line("GET http://user@a/ HTTP/1.1")) == 400);
}

TEST_CASE("a tunnel is not implemented: CONNECT is refused with 501 (RFC 9110 9.3.6)") {
  CHECK(status_of(with_line("CONNECT a:443 HTTP/1.1")) == 501);
  CHECK(status_of(with_line("CONNECT / HTTP/1.1")) == 400);
}

TEST_CASE("only OPTIONS has * for a target (RFC 9112 3.2.4)") {
  CHECK(Parsed(with_line("OPTIONS * HTTP/1.1")).head.path == "*");
  CHECK(status_of(with_line("GET * HTTP/1.1")) == 400);
}

TEST_CASE("a fragment is cut off path and query, not off the target") {
  Parsed request(with_line("GET /a?b#c?d HTTP/1.1"));
  CHECK(request.head.path == "/a");
  CHECK(request.head.query == "b");
  CHECK(request.head.target == "/a?b#c?d");
  Parsed without_query(with_line("GET /a#c?d HTTP/1.1"));
  CHECK(without_query.head.path == "/a");
  CHECK(without_query.head.query.empty());
}

TEST_CASE("HTTP/1.1 without Host is refused, HTTP/1.0 is not (RFC 9112 3.2)") {
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(Parsed("GET / HTTP/1.0\r\n\r\n").head.host.empty());
}

TEST_CASE("more than one Host is refused, be they equal (RFC 9112 3.2)") {
  CHECK(status_of(with_lines("Host: a\r\n")) == 400);
  CHECK(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
}

TEST_CASE("a Host that is not valid is refused (RFC 9112 3.2)") {
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n") == 400);
}

TEST_CASE("an empty Host is refused where nothing else names the host (RFC 9112 3.3)") {
  CHECK(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n") == 400);
  CHECK(Parsed("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n").head.host == "a");
}

TEST_CASE("whitespace between a header's name and its colon is refused (RFC 9112 5.1)") {
  CHECK(status_of(with_lines("X : y\r\n")) == 400);
  CHECK(status_of(with_lines("Content-Length : 5\r\n")) == 400);
}

TEST_CASE("whitespace around a header's value is not part of it (RFC 9112 5.1)") {
  Parsed request(with_lines("X: \t y z\t \r\nEmpty: \t\r\n"));
  CHECK(request.head.headers()[1].value == "y z");
  CHECK(request.head.headers()[2].value.empty());
}

TEST_CASE("line folding is refused (RFC 9112 5.2)") {
  CHECK(status_of(with_lines("X: a\r\n b\r\n")) == 400);
  CHECK(status_of(with_lines("X: a\r\n\tb\r\n")) == 400);
}

TEST_CASE("a header name is a token (RFC 9110 5.1)") {
  for (int byte = 0; byte < 256; ++byte) {
    const char text[] = {'X', static_cast<char>(byte), 'Y', '\0'};
    const bool token = byte && (std::isalnum(byte) ||
                                std::string_view("!#$%&'*+-.^_`|~").find(text[1]) != std::string_view::npos);
    INFO(byte);
    if (byte == ':') continue;
    CHECK(status_of(with_lines(std::string(text, 3) + ": v\r\n")) == (byte < 128 && token ? 0 : 400));
  }
}

TEST_CASE("CR, LF, NUL and other controls in a value are refused (RFC 9110 5.5)") {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte == '\t' || (byte >= ' ' && byte != 0x7f);
    INFO(byte);
    CHECK(status_of(with_lines("X: a" + std::string(1, static_cast<char>(byte)) + "b\r\n")) ==
          (allowed ? 0 : 400));
  }
}

TEST_CASE("a target is visible ASCII (RFC 3986)") {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte > ' ' && byte < 0x7f && byte != '%';
    INFO(byte);
    CHECK(status_of(with_line("GET /a" + std::string(1, static_cast<char>(byte)) + "b HTTP/1.1")) ==
          (allowed ? 0 : 400));
  }
}

TEST_CASE("a head larger than the limit is refused with 431 (RFC 6585 5)") {
  HeadLimits limits;
  const std::string request = with_lines("X: y\r\n");
  limits.max_head_bytes = request.size();
  CHECK(status_of(request, limits) == 0);
  CHECK(feed_growing<RequestFeed>(request, 1, limits).verdict == Verdict::kComplete);
  limits.max_head_bytes = request.size() - 1;
  CHECK(status_of(request, limits) == 431);
  CHECK(feed_growing<RequestFeed>(request, 1, limits).status == 431);
  CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(64 * 1024, 'a')) == 431);
}

TEST_CASE("more header lines than the limit are refused with 431 (RFC 6585 5)") {
  std::string lines;
  for (int i = 1; i < 128; ++i) lines += "X: y\r\n";
  CHECK(Parsed(with_lines(lines)).head.headers().size() == 128);
  CHECK(status_of(with_lines(lines + "X: y\r\n")) == 431);
  HeadLimits limits;
  limits.max_headers = 2;
  CHECK(status_of(with_lines("X: y\r\n"), limits) == 0);
  CHECK(status_of(with_lines("X: y\r\nX: y\r\n"), limits) == 431);
  limits.max_headers = 100000;
  CHECK(status_of(with_lines(lines + "X: y\r\n"), limits) == 431);
}

TEST_CASE("a method is passed on as it is, in its own case (RFC 9110 9.1)") {
  CHECK(Parsed(with_line("get / HTTP/1.1")).head.method == "get");
  CHECK(Parsed(with_line("M-SEARCH / HTTP/1.1")).head.method == "M-SEARCH");
}

TEST_CASE("more than one Content-Type is refused (RFC 9110 8.3)") {
  CHECK(status_of(with_lines("Content-Type: a/b\r\n")) == 0);
  CHECK(status_of(with_lines("Content-Type: a/b\r\nContent-Type: c/d\r\n")) == 400);
  CHECK(status_of(with_lines("Content-Type: a/b\r\nX: y\r\nCONTENT-TYPE: a/b\r\n")) == 400);
}

TEST_CASE("a Content-Length is digits only, and fits into 64 bits (RFC 9112 6.2)") {
  Parsed request(post("Content-Length: 18446744073709551615\r\n"));
  CHECK(request.head.has_content_length);
  CHECK(request.head.content_length == UINT64_MAX);
  CHECK(status_of(post("Content-Length: 18446744073709551616\r\n")) == 400);
  CHECK(status_of(post("Content-Length: +5\r\n")) == 400);
}

TEST_CASE("repeated lengths are refused, equal ones and lists too (RFC 9112 6.3)") {
  CHECK(status_of(post("Content-Length: 5\r\nContent-Length: 5\r\n")) == 400);
  CHECK(status_of(post("Content-Length: 5, 5\r\n")) == 400);
}

TEST_CASE("Transfer-Encoding in HTTP/1.0 is refused (RFC 9112 6.1)") {
  CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
}

TEST_CASE("Content-Length and Transfer-Encoding together are refused (RFC 9112 6.1)") {
  CHECK(status_of(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")) == 400);
}

TEST_CASE("a coding that is not understood is refused with 501 (RFC 9112 6.1)") {
  CHECK(status_of(post("Transfer-Encoding: gzip, chunked\r\n")) == 501);
}

TEST_CASE("a Transfer-Encoding that does not end with chunked is refused with 400 (RFC 9112 6.3)") {
  CHECK(status_of(post("Transfer-Encoding: gzip\r\n")) == 400);
  CHECK(status_of(post("Transfer-Encoding: chunked, gzip\r\n")) == 400);
}

TEST_CASE("chunked is known in any case (RFC 9112 7)") {
  CHECK(Parsed(post("transfer-encoding: CHUNKED\r\n")).head.chunked);
}

TEST_CASE("a request without a length and without chunked has no body (RFC 9112 6.3)") {
  Parsed request("POST / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n");
  CHECK_FALSE((request.head.has_content_length || request.head.chunked));
  CHECK(request.head.content_length == 0);
}

TEST_CASE("connections persist in 1.1, unless close is asked for (RFC 9112 9.3)") {
  CHECK(Parsed(with_lines("")).head.keep_alive);
  CHECK_FALSE(Parsed(with_lines("Connection: close\r\n")).head.keep_alive);
  CHECK_FALSE(Parsed(with_lines("Connection: x, CLOSE ,y\r\n")).head.keep_alive);
  CHECK_FALSE(Parsed(with_lines("Connection: keep-alive\r\nConnection: close\r\n")).head.keep_alive);
  CHECK(Parsed(with_lines("Connection: closed\r\n")).head.keep_alive);
}

TEST_CASE("connections end in 1.0, unless keep-alive is asked for (RFC 9112 9.3)") {
  CHECK_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  CHECK(Parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
  CHECK_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").head.keep_alive);
}

TEST_CASE("100-continue counts in 1.1 and where a body follows (RFC 9110 10.1.1)") {
  CHECK(Parsed(post("Content-Length: 5\r\nExpect: 100-Continue\r\n")).head.expect_continue);
  CHECK(Parsed(post("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")).head.expect_continue);
  CHECK_FALSE(Parsed(post("Content-Length: 0\r\nExpect: 100-continue\r\n")).head.expect_continue);
  CHECK_FALSE(Parsed(post("Content-Length: 5\r\nExpect:\r\n")).head.expect_continue);
  CHECK_FALSE(
      Parsed("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
}

TEST_CASE("another expectation is refused with 417 (RFC 9110 10.1.1)") {
  CHECK(status_of(post("Expect: magic\r\n")) == 417);
}

TEST_CASE("Upgrade counts only where Connection names it, and not in 1.0 (RFC 9110 7.8)") {
  CHECK(Parsed(with_lines("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).head.upgrade ==
        "websocket");
  CHECK(Parsed(with_lines("Upgrade: websocket\r\n")).head.upgrade.empty());
  CHECK(Parsed(with_lines("Connection: upgrade\r\n")).head.upgrade.empty());
  CHECK(Parsed("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").head.upgrade.empty());
}

TEST_CASE("a head that is cut anywhere is taken when its last byte has come, and not before") {
  const std::string head =
      "\r\nPUT http://a:1/b%20?c#d HTTP/1.1\r\nHost: b\r\nX-1_: \t\xff \r\nExpect: 100-continue\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  const std::string bytes = head + "5\r\nhello";
  for (size_t size = 0; size < head.size(); ++size) {
    INFO(size);
    CHECK(feed_whole<RequestFeed>(bytes.substr(0, size)).verdict == Verdict::kNeedMore);
  }
  for (size_t step = 1; step <= bytes.size(); ++step) {
    INFO(step);
    CHECK(feed_growing<RequestFeed>(bytes, step).consumed == head.size());
  }
}

TEST_CASE("a request is refused at its first bad byte, whatever would follow") {
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nX\x01") == 400);
  CHECK(status_of("G\x01") == 400);
  CHECK(status_of("GET / HTTQ") == 400);
}

TEST_CASE("a head of 64 KiB that comes byte by byte is not read over and over") {
  auto cpu_ns = [] {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  };
  const std::string name = std::string(60 * 1024, '1');
  const std::string heads[] = {
      with_lines("X: " + std::string(60 * 1024, 'v') + "\r\n"),
      with_lines(name + ": v\r\n"),
      with_lines("X: " + std::string(60 * 1024, ' ') + "v\r\n"),
      with_line("GET /" + std::string(31 * 1024, 'a') + " HTTP/1.1"),
  };
  for (const std::string &head : heads) {
    RequestHead parsed;
    auto feed = [&](size_t step) {
      const double start = cpu_ns();
      ParseResult result{};
      size_t hint = 0;
      for (size_t size = step; size <= head.size(); size += step)
        result = parse_request_head({head.data(), size}, {}, parsed, hint);
      CHECK((step > 1 || result.verdict == Verdict::kComplete));
      return cpu_ns() - start;
    };
    // Reading all that is there for each of n bytes would cost n/2 times as much as reading it once.
    const double once = feed(head.size());
    const double bytewise = feed(1);
    CHECK(bytewise < (once + 1000) * static_cast<double>(head.size()) / 8);
  }
}
