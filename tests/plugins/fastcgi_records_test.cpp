#include "plugins/fastcgi/records.h"

#include <catch2/catch.hpp>
#include <string>

using namespace mortise::fastcgi;

namespace {

std::string record(uint8_t type, const std::string &content, size_t padding = 0) {
  std::string text(kHeaderBytes, '\0');
  write_header(text.data(), type, 3, content.size());
  text[6] = static_cast<char>(padding);
  return text + content + std::string(padding, 'p');
}

const std::string kBegin("\0\1\1\0\0\0\0\0", 8);

}  // namespace

TEST_CASE("FastCGI variables that come in pieces are put together when the last one is there", "[fastcgi]") {
  const std::string whole = record(kBeginRequest, kBegin) + record(kParams, "\1\1a", 5) +
                            record(kParams, "b") + record(kParams, "\1") +
                            record(kParams, std::string("\0c", 2), 1) + record(kParams, "");
  for (size_t len = 0; len < whole.size(); ++len) {
    std::string part = whole.substr(0, len);
    Head head;
    CHECK(parse_head(part.data(), part.size(), 100, &head) == Verdict::kMore);
    CHECK(part == whole.substr(0, len));
  }
  std::string text = whole + "body";
  Head head;
  REQUIRE(parse_head(text.data(), text.size(), 100, &head) == Verdict::kGood);
  CHECK(head.used == whole.size());
  CHECK(head.id == 3);
  CHECK(head.keep);
  std::string seen;
  CHECK(for_each_pair(head.params, [&](std::string_view name, std::string_view value) {
    seen += std::string(name) + "=" + std::string(value) + ";";
    return true;
  }));
  CHECK(seen == "a=b;c=;");
}

TEST_CASE("FastCGI lengths that point behind the variables are refused", "[fastcgi]") {
  const auto any = [](std::string_view, std::string_view) { return true; };
  CHECK(for_each_pair(std::string_view("\x80\0\0\1\1ab", 7), any));
  CHECK_FALSE(for_each_pair(std::string_view("\x80\0\0", 3), any));
  CHECK_FALSE(for_each_pair(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8), any));
  CHECK_FALSE(for_each_pair(std::string_view("\2\1ab", 4), any));
}

TEST_CASE("more FastCGI variables than allowed are refused before they have come", "[fastcgi]") {
  std::string text = record(kBeginRequest, kBegin);
  std::string header(kHeaderBytes, '\0');
  write_header(header.data(), kParams, 3, 101);
  text += header;
  Head head;
  CHECK(parse_head(text.data(), text.size(), 100, &head) == Verdict::kTooLarge);
}
