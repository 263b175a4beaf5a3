#include "kernel/clock.h"

#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <string>

namespace {
std::string http_date(time_t time) {
  char text[30];
  int len = uwsgi_http_date(time, text);
  return {text, static_cast<size_t>(len)};
}
}  // namespace

TEST_CASE("an HTTP date has the form of RFC 9110") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST_CASE("a time that no HTTP date can express becomes the epoch") {
  CHECK(http_date(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(http_date(253402300800) == http_date(0));
  CHECK(http_date(INT64_MAX) == http_date(0));
  CHECK(http_date(INT64_MIN) == http_date(0));
}

TEST_CASE("the monotonic clock does not go back and its units agree") {
  uint64_t before_us = uwsgi_monotonic_micros();
  int64_t ms = mortise::monotonic_ms();
  uint64_t after_us = mortise::monotonic_us();
  CHECK(before_us / 1000 <= static_cast<uint64_t>(ms));
  CHECK(static_cast<uint64_t>(ms) <= after_us / 1000);
  CHECK(mortise::coarse_ms() <= mortise::monotonic_ms());
  CHECK(mortise::coarse_ms() + 60'000 > ms);
  CHECK(uwsgi_micros() / 1'000'000 - static_cast<uint64_t>(uwsgi_now()) <= 1);
}
