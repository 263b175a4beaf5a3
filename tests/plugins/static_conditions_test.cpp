#include "plugins/static/conditions.h"

#include <catch2/catch.hpp>

#include <string>
#include <tuple>

using namespace mortise::files;

namespace {

constexpr time_t kChanged = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
const Validators kFile{"\"1-a,b\"", kChanged};

// Kind, first byte and length of what is sent of 1000 bytes.
auto range_of(std::string_view range, uint64_t size = 1000, const Conditions &conditions = {}) {
  const ByteRange chosen = choose_range(range, conditions, kFile, size);
  return std::tuple(chosen.kind, chosen.first, chosen.length);
}

}  // namespace

TEST_CASE("the three forms of a date are read, and nothing else (RFC 9110 5.6.7)", "[static]") {
  for (const char *text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", " Sun, 06 Nov 1994 08:49:37 GMT\t"})
    CHECK(parse_http_date(text) == kChanged);
  for (const char *text : {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 06 Nov 1994 08:49:37 GMT,", "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 25:49:37 GMT", "784111777", "1994-11-06T08:49:37Z"})
    CHECK_FALSE(parse_http_date(text));
}

TEST_CASE("a range is a part of the file, the whole, or not there (RFC 9110 14)", "[static]") {
  using Kind = ByteRange::Kind;
  const auto whole = std::tuple(Kind::kWhole, uint64_t{0}, uint64_t{0});
  const auto part = [](uint64_t first, uint64_t length) { return std::tuple(Kind::kPart, first, length); };
  CHECK(range_of("bytes=0-0") == part(0, 1));
  CHECK(range_of("bytes=10-") == part(10, 990));
  CHECK(range_of("BYTES=10-99999") == part(10, 990));
  CHECK(range_of("bytes=-1") == part(999, 1));
  CHECK(range_of("bytes=-5000") == part(0, 1000));
  CHECK(range_of("bytes=0-18446744073709551615") == part(0, 1000));
  for (const char *none : {"bytes=1000-", "bytes=1000-2000", "bytes=-0"})
    CHECK(std::get<0>(range_of(none)) == Kind::kUnsatisfiable);
  CHECK(std::get<0>(range_of("bytes=0-", 0)) == Kind::kUnsatisfiable);
  for (const char *ignored :
       {"", "bytes", "bytes=", "bytes=-", "bytes=--1", "bytes=5-2", "bytes=a-b", "bytes=1", "lines=1-2",
        "bytes=0-1,3-4", "bytes=0-1,", "bytes=+1-2", "bytes=1-2-3", "bytes=0x1-2", "bytes=1 -2",
        "bytes=18446744073709551616-", "bytes 1-2"})
    CHECK(range_of(ignored) == whole);
}

TEST_CASE("a range holds for the tag or the date that it names (RFC 9110 13.1.5)", "[static]") {
  const auto is_part = [](std::string_view if_range) {
    Conditions conditions;
    conditions.if_range = if_range;
    return choose_range("bytes=0-1", conditions, kFile, 1000).kind == ByteRange::Kind::kPart;
  };
  CHECK(is_part(kFile.etag));
  CHECK(is_part("Sun, 06 Nov 1994 08:49:37 GMT"));
  for (std::string_view other : {"\"2\"", "W/\"1-a,b\"", "Sun, 06 Nov 1994 08:49:36 GMT",
                                 "Mon, 07 Nov 1994 08:49:37 GMT", "Wed", "", "1-a,b"})
    CHECK_FALSE(is_part(other));
}

TEST_CASE("tags are compared in lists, strongly or weakly (RFC 9110 8.8.3.2)", "[static]") {
  const auto status = [](std::string_view if_match, std::string_view if_none_match) {
    Conditions conditions;
    conditions.if_match = if_match;
    conditions.if_none_match = if_none_match;
    return check_conditions(conditions, kFile);
  };
  for (std::string_view list : {"*", "\"1-a,b\"", "\"x\", \"1-a,b\"", ", \"x\" ,, \"1-a,b\" , \"y\""}) {
    CHECK(status(list, {}) == 0);
    CHECK(status({}, list) == 304);
  }
  CHECK(status("W/\"1-a,b\"", {}) == 412);
  CHECK(status({}, "W/\"1-a,b\"") == 304);
  for (std::string_view list : {"\"x\"", "1-a,b", "\"1-a", "b\"", "\"", "W/", "\"1-a,b", ""}) {
    CHECK(status(list, {}) == 412);
    CHECK(status({}, list) == 0);
  }
}

TEST_CASE("gzip is sent to who takes it (RFC 9110 12.5.3)", "[static]") {
  for (const char *list : {"gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br;q=0, gzip ; q=0.001"})
    CHECK(accepts_gzip(list));
  for (const char *list : {"", "deflate", "gzip;q=0", "gzip; Q=0.000", "x-gzip", "gzipx", "br;q=1"})
    CHECK_FALSE(accepts_gzip(list));
}
