#include <catch2/catch.hpp>

#include "plugins/legion/cipher.h"
#include "plugins/legion/members.h"
#include "plugins/legion/message.h"

using namespace mortise::legion;

namespace {

std::string uuid(char letter) {
  return std::string(kUuidBytes, letter);
}

Message from(char letter, uint64_t valor, uint64_t sent_us, uint64_t checksum = 0) {
  Message message;
  message.legion = "web";
  message.uuid = uuid(letter);
  message.valor = valor;
  message.unix_us = sent_us;
  message.checksum = checksum;
  return message;
}

}  // namespace

TEST_CASE("the lord is the one of the highest valor, of equals that of the greatest uuid", "[legion]") {
  Members members("web", uuid('m'), 5, 0);
  CHECK(members.lord().uuid == uuid('m'));
  members.hear(from('a', 4, 1), 0);
  CHECK(members.lord().uuid == uuid('m'));
  members.hear(from('b', 5, 1), 0);
  CHECK(members.lord().uuid == uuid('m'));
  members.hear(from('z', 5, 1), 0);
  CHECK(members.lord().uuid == uuid('z'));
  members.hear(from('c', 6, 1), 0);
  CHECK(members.lord().uuid == uuid('c'));
}

TEST_CASE("a member that is silent, or says that it leaves, is no member any more", "[legion]") {
  Members members("web", uuid('m'), 5, 0);
  CHECK(members.hear(from('a', 9, 1), 0) == Members::Change::kJoined);
  CHECK(members.hear(from('a', 9, 2), 900) == Members::Change::kNone);
  CHECK(members.forget_silent(1000, 500).empty());
  CHECK(members.forget_silent(1500, 500) == uuid('a'));
  CHECK(members.lord().uuid == uuid('m'));
  members.hear(from('b', 9, 1), 1500);
  Message last = from('b', 9, 2);
  last.dead = true;
  CHECK(members.hear(last, 1600) == Members::Change::kLeft);
  CHECK(members.others().empty());
}

TEST_CASE("what was said before, in another legion or by oneself changes nothing", "[legion]") {
  Members members("web", uuid('m'), 5, 0);
  members.hear(from('a', 1, 10), 0);
  members.hear(from('a', 9, 10), 0);  // a packet that somebody sent again
  CHECK(members.lord().uuid == uuid('m'));
  Message other = from('b', 9, 1);
  other.legion = "db";
  CHECK(members.hear(other, 0) == Members::Change::kNone);
  CHECK(members.hear(from('m', 9, 1), 0) == Members::Change::kNone);
}

TEST_CASE("there is no lord until enough members know of the same members", "[legion]") {
  Members members("web", uuid('m'), 5, 2);
  CHECK(members.lord().uuid.empty());
  members.hear(from('a', 9, 1, 77), 0);
  CHECK(members.lord().uuid.empty());
  members.hear(from('a', 9, 2, members.checksum()), 0);
  CHECK(members.lord().uuid == uuid('a'));
}

TEST_CASE("who stands back is not the lord", "[legion]") {
  Members members("web", uuid('m'), 5, 0);
  members.stand_back(true);
  CHECK(members.lord().uuid.empty());
  members.hear(from('a', 1, 1), 0);
  CHECK(members.lord().uuid == uuid('a'));
  members.stand_back(false);
  CHECK(members.lord().uuid == uuid('m'));
}

TEST_CASE("a message survives its way, and nothing else is one", "[legion]") {
  Message message = from('a', 98, 7, 42);
  message.scroll = std::string("with\0zero", 9);
  message.lord_uuid = uuid('b');
  message.dead = true;
  const std::string text = pack(message);
  const auto back = unpack(text);
  REQUIRE(back);
  CHECK(back->scroll == message.scroll);
  CHECK(back->valor == 98);
  CHECK(back->checksum == 42);
  CHECK(back->lord_uuid == message.lord_uuid);
  CHECK(back->dead);
  for (size_t len = 0; len < text.size(); ++len)
    if (const auto part = unpack(text.substr(0, len))) CHECK_FALSE(part->dead);  // cut between pairs
  CHECK_FALSE(unpack("").has_value());
  CHECK_FALSE(unpack("\xff\xff").has_value());
}

TEST_CASE("a packet opens with its secret only, and unchanged", "[legion]") {
  for (const char *algorithm : {"aes-256-cbc", "aes-128-ctr", "bf-cbc"}) {
    const auto cipher = Cipher::create(algorithm, "secret"), other = Cipher::create(algorithm, "Secret");
    REQUIRE(cipher);
    const std::string packet = cipher->seal("hello");
    CHECK(packet.find("hello") == packet.npos);
    CHECK(cipher->open(packet) == "hello");
    CHECK(cipher->seal("hello") != packet);
    CHECK_FALSE(other->open(packet).has_value());
    for (size_t at = 0; at < packet.size(); ++at) {
      std::string changed = packet;
      changed[at] ^= 1;
      CHECK_FALSE(cipher->open(changed).has_value());
    }
    CHECK_FALSE(cipher->open(packet.substr(1)).has_value());
  }
  CHECK_FALSE(Cipher::create("no-such", "secret").has_value());
  CHECK_FALSE(Cipher::create("aes-256-gcm", "secret").has_value());
}
