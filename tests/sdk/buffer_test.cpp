#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

namespace {

struct Destroy {
  void operator()(uwsgi_buffer *buffer) const { uwsgi_buffer_destroy(buffer); }
};

struct Buffer : std::unique_ptr<uwsgi_buffer, Destroy> {
  explicit Buffer(size_t len = 0) : unique_ptr(uwsgi_buffer_new(len)) {}
  std::string text() const { return {get()->buf, get()->pos}; }
};

std::string json(std::string_view text) {
  Buffer buffer;
  REQUIRE(uwsgi_buffer_append_json(buffer.get(), text.data(), text.size()) == 0);
  return buffer->pos ? buffer.text() : "";
}

}  // namespace

TEST_CASE("a buffer grows as it is appended to") {
  Buffer buffer(2);
  for (int i = 0; i < 1000; ++i) REQUIRE(uwsgi_buffer_append(buffer.get(), "0123456789", 10) == 0);
  CHECK(buffer->pos == 10000);
  CHECK(buffer->len < 40000);
  CHECK(buffer.text().substr(9990) == "0123456789");
}

TEST_CASE("a buffer does not grow beyond its limit and keeps what it has") {
  Buffer buffer(0);
  buffer->limit = 8;
  CHECK(uwsgi_buffer_append(buffer.get(), "12345", 5) == 0);
  CHECK(uwsgi_buffer_append(buffer.get(), "6789", 4) == -1);
  CHECK(uwsgi_buffer_fix(buffer.get(), 9) == -1);
  CHECK(uwsgi_buffer_ensure(buffer.get(), SIZE_MAX - 2) == -1);
  CHECK(uwsgi_buffer_append(buffer.get(), "678", 3) == 0);
  CHECK(buffer.text() == "12345678");
}

TEST_CASE("bytes are inserted and removed at the front") {
  Buffer buffer;
  uwsgi_buffer_append(buffer.get(), "world", 5);
  CHECK(uwsgi_buffer_insert(buffer.get(), 0, "hello ", 6) == 0);
  CHECK(uwsgi_buffer_insert(buffer.get(), 11, "!", 1) == 0);
  CHECK(uwsgi_buffer_insert(buffer.get(), 13, "?", 1) == -1);
  CHECK(buffer.text() == "hello world!");
  CHECK(uwsgi_buffer_decapitate(buffer.get(), 6) == 0);
  CHECK(buffer.text() == "world!");
  CHECK(uwsgi_buffer_decapitate(buffer.get(), 7) == -1);
  CHECK(uwsgi_buffer_decapitate(buffer.get(), 6) == 0);
  CHECK(buffer->pos == 0);
}

TEST_CASE("numbers are appended in the byte order that their function names") {
  Buffer buffer;
  uwsgi_buffer_u8(buffer.get(), 0xff);
  uwsgi_buffer_u16le(buffer.get(), 0x0102);
  uwsgi_buffer_u16be(buffer.get(), 0x0102);
  uwsgi_buffer_u32be(buffer.get(), 0x01020304);
  uwsgi_buffer_u64be(buffer.get(), 0x0102030405060708);
  uwsgi_buffer_byte(buffer.get(), '|');
  uwsgi_buffer_num64(buffer.get(), INT64_MIN);
  CHECK(buffer.text() == std::string("\xff\x02\x01\x01\x02\x01\x02\x03\x04\x01\x02\x03\x04\x05\x06\x07\x08|"
                                     "-9223372036854775808"));
}

TEST_CASE("text is escaped for JSON and what is not UTF-8 is read as Latin-1") {
  CHECK(json("plain") == "plain");
  CHECK(json("a\"b\\c\n\x7f") == "a\\\"b\\\\c\\u000a\\u007f");
  CHECK(json(std::string_view("\0", 1)) == "\\u0000");
  CHECK(json("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80") ==
        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(json("\xfc") == "\\u00fc");
  CHECK(json("\xc3") == "\\u00c3");                        // cut short
  CHECK(json("\xc0\xaf") == "\\u00c0\\u00af");             // longer than needed
  CHECK(json("\xed\xa0\x80") == "\\u00ed\\u00a0\\u0080");  // half of a surrogate pair
  CHECK(json("\xf4\x90\x80\x80").size() == 24);            // beyond U+10FFFF
}

TEST_CASE("a uwsgi packet is built from pairs and a head written last") {
  Buffer buffer(4);
  buffer->pos = 4;
  CHECK(uwsgi_buffer_append_keyval(buffer.get(), "K", 1, "val", 3) == 0);
  CHECK(uwsgi_buffer_append_keynum(buffer.get(), "N", 1, -5) == 0);
  CHECK(uwsgi_buffer_set_uh(buffer.get(), 7, 9) == 0);
  CHECK(buffer.text() == std::string("\x07\x0f\x00\x09\x01\x00K\x03\x00val\x01\x00N\x02\x00-5", 19));
}

TEST_CASE("a packet that its head cannot count is refused") {
  Buffer buffer(70000);
  CHECK(uwsgi_buffer_set_uh(buffer.get(), 0, 0) == -1);
  buffer->pos = 4 + 65535;
  CHECK(uwsgi_buffer_set_uh(buffer.get(), 0, 0) == 0);
  buffer->pos++;
  CHECK(uwsgi_buffer_set_uh(buffer.get(), 0, 0) == -1);
}
