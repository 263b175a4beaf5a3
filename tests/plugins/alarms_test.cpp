// Instances, repetitions and the channel of alarms; what their functions do is tested with a server.
#include <uwsgi.h>
#include <catch2/catch.hpp>

#include <string>

#include "plugins/alarms/channel.h"
#include "plugins/alarms/fd_alarms.h"
#include "plugins/alarms/registry.h"

using namespace mortise::alarms;

namespace {

void nothing(uwsgi_alarm_instance *, char *, size_t) {}

}  // namespace

TEST_CASE("alarms: an instance is a name, a kind and an argument") {
  uwsgi_register_alarm("test-kind", nullptr, nothing);
  uwsgi_alarm_instance *instance = add_instance("mine  test-kind:some arg:with colon");
  REQUIRE(instance);
  CHECK(std::string(instance->name) == "mine");
  CHECK(std::string(instance->arg) == "some arg:with colon");
  CHECK(instance->alarm == find_kind("test-kind"));
  CHECK(find_instance("mine") == instance);
  CHECK(std::string(add_instance("bare test-kind")->arg).empty());
  for (const char *wrong : {"", "x", "x ", " test-kind:a", "x nokind:a", "mine test-kind:a"})
    CHECK_FALSE(add_instance(wrong));
}

TEST_CASE("alarms: a kind that is registered again is replaced") {
  uwsgi_register_alarm("test-again", nullptr, nullptr);
  uwsgi_alarm *kind = find_kind("test-again");
  uwsgi_register_alarm("test-again", nullptr, nothing);
  CHECK(find_kind("test-again") == kind);
  CHECK(kind->func == nothing);
}

TEST_CASE("alarms: the same message is a repetition for some seconds") {
  uwsgi_alarm_instance one{};
  CHECK_FALSE(is_repeated(one, "", 100, 3));
  CHECK(is_repeated(one, "", 101, 3));
  CHECK_FALSE(is_repeated(one, "fire", 101, 3));
  CHECK(is_repeated(one, "fire", 103, 3));
  CHECK_FALSE(is_repeated(one, "fire", 104, 3));
  CHECK_FALSE(is_repeated(one, "water", 104, 3));
  CHECK_FALSE(is_repeated(one, "fire", 104, 3));
  CHECK_FALSE(is_repeated(one, "fire", 50, 3));  // the clock was set back
  CHECK_FALSE(is_repeated(one, "fire", 50, 0));
  free(one.last_msg);
}

TEST_CASE("alarms: the channel keeps order, cuts messages and counts what it loses") {
  Channel channel;
  REQUIRE(channel.open());
  Channel::Letter letter;
  CHECK_FALSE(channel.read(letter));
  channel.send_async_safe("first", "one", 100);
  channel.send_async_safe("second", "123456", 4);
  channel.send_async_safe("third", {"a\0b", 3}, 100);
  REQUIRE(channel.read(letter));
  CHECK(letter.alarm == "first");
  CHECK(letter.message == "one");
  REQUIRE(channel.read(letter));
  CHECK(letter.message == "1234");
  REQUIRE(channel.read(letter));
  CHECK(letter.message == std::string_view("a\0b", 3));
  CHECK(channel.take_lost() == 0);
  const std::string large(8000, 'x');
  for (int i = 0; i < 2000; ++i) channel.send_async_safe("flood", large, large.size());
  const uint64_t lost = channel.take_lost();
  CHECK(lost > 0);
  CHECK(channel.take_lost() == 0);
  uint64_t came = 0;
  while (channel.read(letter)) ++came;
  CHECK(came + lost == 2000);
}

TEST_CASE("alarms: a descriptor has a number of bytes and perhaps a message") {
  REQUIRE(add_alarm_fd("mine 0:8 some text"));
  uwsgi_alarm_fd *one = first_alarm_fd();
  REQUIRE(one);
  CHECK(one->fd == 0);
  CHECK(one->bytes == 8);
  CHECK(std::string(one->message, one->message_bytes) == "some text");
  REQUIRE(add_alarm_fd("mine 0"));
  CHECK(one->next->bytes == 1);
  CHECK(one->next->message == nullptr);
  for (const char *wrong : {"", "mine", "mine x", "mine 0:", "mine 0:0", "mine 0:99999999", "mine -1"})
    CHECK_FALSE(add_alarm_fd(wrong));
}
