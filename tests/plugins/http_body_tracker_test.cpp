#include "plugins/http/body_tracker.h"

#include <catch2/catch.hpp>
#include <string>

using namespace mortise::http;

TEST_CASE("a tracker of no body takes nothing", "[http][body_tracker]") {
  BodyTracker body;
  CHECK(body.ended());
  CHECK(body.take("GET / HTTP/1.1") == 0);
  CHECK(BodyTracker::of_length(0).ended());
}

TEST_CASE("a body with a length ends there and leaves the rest to the next message", "[http][body_tracker]") {
  BodyTracker body = BodyTracker::of_length(5);
  CHECK(body.take("hel") == 3);
  CHECK_FALSE(body.ended());
  CHECK(body.take("loGET /") == 2);
  CHECK(body.ended());
  CHECK(body.take("GET /") == 0);
}

TEST_CASE("a chunked body is passed on with its framing and ends behind the last chunk",
          "[http][body_tracker]") {
  BodyTracker body = BodyTracker::chunked();
  const std::string_view wire = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  std::string data;
  size_t taken = 0;
  for (char byte : wire) taken += body.take({&byte, 1}, [&](std::string_view run) { data += run; });
  CHECK(taken == wire.size());
  CHECK(body.ended());
  CHECK(data == "abcde");
}

TEST_CASE("a pipelined request behind a chunked body is not taken", "[http][body_tracker]") {
  BodyTracker body = BodyTracker::chunked();
  CHECK(body.take("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n") == 11);
  CHECK(body.ended());
}

TEST_CASE("a malformed chunk is told and never taken further", "[http][body_tracker]") {
  BodyTracker body = BodyTracker::chunked();
  body.take("zz\r\n");
  REQUIRE(body.error() != nullptr);
  CHECK_FALSE(body.ended());
  CHECK(body.take("1\r\nx\r\n") == 0);
}

TEST_CASE("a body until the connection ends takes everything", "[http][body_tracker]") {
  BodyTracker body = BodyTracker::until_close();
  CHECK(body.take("anything") == 8);
  CHECK_FALSE(body.ended());
  CHECK(body.ends_with_connection());
}
