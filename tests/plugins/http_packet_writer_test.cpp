#include "plugins/http/packet_writer.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/http/options.h"

using namespace mortise::http;

namespace {

struct PacketSizes {  // what a running server has configured
  int buffer_size = uwsgi.buffer_size, max_vars = uwsgi.max_vars;
  PacketSizes(int bytes, int variables) {
    uwsgi.buffer_size = bytes;
    uwsgi.max_vars = variables;
  }
  ~PacketSizes() {
    uwsgi.buffer_size = buffer_size;
    uwsgi.max_vars = max_vars;
  }
};

const RequestHead &parse(std::string_view text) {
  static RequestHead head;
  size_t hint = 0;
  ParseResult result = parse_request_head(text, {}, head, hint);
  REQUIRE(result.verdict == Verdict::kComplete);
  return head;
}

std::vector<std::string> variables(std::string_view packet) {
  std::vector<std::string> parts;
  auto collect = [](char *key, uint16_t key_len, char *value, uint16_t value_len, void *data) {
    static_cast<std::vector<std::string> *>(data)->push_back(std::string(key, key_len) + "=" +
                                                             std::string(value, value_len));
  };
  REQUIRE(uwsgi_hooked_parse(const_cast<char *>(packet.data()) + 4, packet.size() - 4, collect, &parts) == 0);
  return parts;
}

}  // namespace

TEST_CASE("a packet has its size, its modifiers and all variables", "[http][packet_writer]") {
  PacketSizes sizes(65536, 64);
  options.modifier1 = 5;
  options.modifier2 = 7;
  PacketWriter writer;
  std::string_view packet =
      writer.write(parse("GET /x HTTP/1.1\r\nHost: h\r\nX-Y: z\r\n\r\n"), {"10.0.0.1", "1", "n", "80"});
  options.modifier1 = options.modifier2 = 0;
  REQUIRE(packet.size() > 4);
  CHECK(packet[0] == 5);
  CHECK(packet[3] == 7);
  CHECK(static_cast<uint8_t>(packet[1]) + 256u * static_cast<uint8_t>(packet[2]) == packet.size() - 4);
  auto vars = variables(packet);
  CHECK(vars.front() == "REQUEST_METHOD=GET");
  CHECK(vars.back() == "HTTP_X_Y=z");
}

TEST_CASE("variables of --http-var are in every packet", "[http][packet_writer]") {
  PacketSizes sizes(65536, 64);
  uwsgi_string_list empty{};
  empty.value = const_cast<char *>("BARE");
  uwsgi_string_list item{};
  item.value = const_cast<char *>("ZONE=a=b");
  item.next = &empty;
  options.vars = &item;
  PacketWriter writer;
  auto vars = variables(writer.write(parse("GET / HTTP/1.0\r\n\r\n"), {}));
  options.vars = nullptr;
  REQUIRE(vars.size() > 2);
  CHECK(vars[vars.size() - 2] == "ZONE=a=b");
  CHECK(vars.back() == "BARE=");
}

TEST_CASE("a packet that the receiver would refuse is not written", "[http][packet_writer]") {
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + std::string(300, 'x') + "\r\n\r\n";
  {
    PacketSizes sizes(400, 64);
    PacketWriter writer;
    CHECK(writer.write(parse(request), {}).empty());
  }
  PacketSizes sizes(4096, 10);
  PacketWriter writer;
  CHECK(writer.write(parse(request), {}).empty());
}
