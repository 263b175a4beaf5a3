#include <catch2/catch.hpp>

#include "plugins/logging/encoders.h"
#include "plugins/logging/escape.h"
#include "plugins/logging/line_pipe.h"
#include "plugins/logging/line_queue.h"
#include "plugins/logging/line_template.h"
#include "plugins/logging/loggers.h"

#include <unistd.h>

using namespace mortise::logging;

namespace {

std::string escaped(std::string_view text, Escape escape) {
  std::string out;
  append_escaped(out, text, escape);
  return out;
}

std::string filled(std::string_view text, std::string_view line, bool json = false) {
  return fill_template(parse_template(text), line, 1'700'000'000'123'456, json);
}

}  // namespace

TEST_CASE("a logger is an id, a name and an argument") {
  auto check = [](const char *text, const char *id, const char *name, const char *arg) {
    LoggerSpec spec = parse_logger(text);
    CAPTURE(text);
    CHECK(spec.id == id);
    CHECK(spec.name == name);
    CHECK(spec.arg == arg);
  };
  check("syslog", "", "syslog", "");
  check("file:/var/log/a b.log", "", "file", "/var/log/a b.log");
  check("mine file:/tmp/x", "mine", "file", "/tmp/x");
  check("mine   stdio", "mine", "stdio", "");
  check("socket:127.0.0.1:514", "", "socket", "127.0.0.1:514");
  check("pipe:cat > x", "", "pipe", "cat > x");
}

TEST_CASE("an encoder is a name, the logger it is for and an argument") {
  EncoderSpec spec = parse_encoder("json:mine {\"a\":1}");
  CHECK(spec.name == "json");
  CHECK(spec.use_for == "mine");
  CHECK(spec.args == "{\"a\":1}");
  CHECK(parse_encoder("prefix a: b").args == "a: b");
  CHECK(parse_encoder("prefix a: b").use_for.empty());
  CHECK(parse_encoder("nl").args.empty());
}

TEST_CASE("a template inserts the line and the time, and leaves what it does not know") {
  CHECK(filled("<${msg}>", "hello\n") == "<hello>");
  CHECK(filled("<${msgnl}>", "hello\n") == "<hello\n>");
  CHECK(filled("${unix} ${micros}", "") == "1700000000 1700000000123456");
  CHECK(filled("${strftime:%Y}", "").size() == 4);
  CHECK(filled("${other} ${msg", "x") == "${other} ${msg");
  CHECK(filled("{\"m\":\"${msg}\"}", "a\"b\\\n", true) == "{\"m\":\"a\\\"b\\\\\"}");
}

TEST_CASE("text for JSON is escaped, and what is no UTF-8 is replaced") {
  CHECK(escaped("a\"\\\n\t\r\x01\x7f", Escape::kJson) == "a\\\"\\\\\\n\\t\\r\\u0001\\u007f");
  CHECK(escaped("h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", Escape::kJson) ==
        "h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(escaped("\xc3", Escape::kJson) == "\\ufffd");
  CHECK(escaped("\xc0\xaf", Escape::kJson) == "\\ufffd\\ufffd");       // overlong
  CHECK(escaped("\xed\xa0\x80", Escape::kJson).find("\\ufffd") == 0);  // half of a surrogate pair
  CHECK(escaped("a\nb\x1b", Escape::kText) == "a\\x0ab\\x1b");
  CHECK(escaped("a\nb", Escape::kNone) == "a\nb");
}

TEST_CASE("a format that is an object or array is JSON") {
  CHECK(looks_like_json(" {\"a\":1} "));
  CHECK(looks_like_json("[\"%(uri)\"]"));
  CHECK_FALSE(looks_like_json("[pid: 1]"));
  CHECK_FALSE(looks_like_json("%(uri)"));
  CHECK_FALSE(looks_like_json(""));
}

TEST_CASE("each write to the pipe is one message, whatever its size") {
  LinePipe pipe;
  REQUIRE(pipe.create());
  MessageReader reader;
  auto send = [&](const std::string &text) {
    CHECK(write(pipe.prompt.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  };
  std::vector<std::string> sent = {
      "a\n", "two\nlines\n", std::string(4096, 'x'), std::string(4095, 'y') + "\n", std::string(100'000, 'z'),
      "b"};
  // One at a time: a write of a whole page without a newline at its end is told apart by the silence behind
  // it.
  for (const std::string &text : sent) {
    send(text);
    REQUIRE(reader.read(pipe.read_end.get()) == MessageReader::Status::kMessage);
    CHECK(reader.message() == text);
    CHECK(reader.read(pipe.read_end.get()) == MessageReader::Status::kEmpty);
  }
  send("first\n");
  send("second\n");
  REQUIRE(reader.read(pipe.read_end.get()) == MessageReader::Status::kMessage);
  CHECK(reader.message() == "first\n");
  pipe.close_writers();
  REQUIRE(reader.read(pipe.read_end.get()) == MessageReader::Status::kMessage);
  CHECK(reader.message() == "second\n");
  CHECK(reader.read(pipe.read_end.get()) == MessageReader::Status::kEnd);
}

TEST_CASE("a queue that is full counts what it does not take") {
  LineQueue queue(10);
  CHECK(queue.push({false, "12345678"}));
  CHECK_FALSE(queue.push({false, "123"}));
  CHECK(queue.push({true, "12"}));
  CHECK(queue.take_lost() == 1);
  CHECK(queue.take_lost() == 0);
  CHECK(queue.pop()->text == "12345678");
  CHECK(queue.pop()->of_request);
  queue.wake();
  CHECK(queue.pop()->text.empty());
  queue.close();
  CHECK_FALSE(queue.pop());
}
