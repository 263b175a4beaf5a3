// Tables of requests and what becomes of them.
#pragma once

#include <catch2/catch.hpp>

#include <span>

#include "request_feeding.h"

namespace mortise::http {

struct RequestCase {
  const char *what;
  std::string bytes;
  int status;  // of the refusal, 0: accepted
};

// A request with this request line and a good Host.
inline std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: a\r\n\r\n";
}

// A good GET with these bytes where its other header lines stand.
inline std::string with_lines(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

// A good POST with these header lines and a body that a lenient parser would take for a request.
inline std::string post(std::string_view lines) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) +
         "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
}

// Each request gets its verdict whole, and the same one with the same reason in pieces of any size.
inline void check_cases(std::span<const RequestCase> cases) {
  for (const RequestCase &request : cases) {
    INFO(request.what << ": " << request.bytes);
    const ParseResult whole = feed_whole<RequestFeed>(request.bytes);
    INFO(describe(whole));
    if (request.status) {
      CHECK(whole.verdict == Verdict::kRefused);
      CHECK(whole.status == request.status);
      CHECK(*whole.reason);
    } else {
      CHECK(whole.verdict == Verdict::kComplete);
    }
    for (size_t step : {1, 2, 3, 7, 16, 17})
      CHECK(describe(feed_growing<RequestFeed>(request.bytes, step)) == describe(whole));
  }
}

}  // namespace mortise::http
