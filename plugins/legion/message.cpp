#include "message.h"

#include <charconv>
#include <utility>

namespace mortise::legion {

namespace {

void add(std::string &text, std::string_view key, std::string_view value) {
  for (std::string_view part : {key, value}) {
    text += static_cast<char>(part.size() & 0xff);
    text += static_cast<char>(part.size() >> 8);
    text += part;
  }
}

std::optional<std::string_view> take(std::string_view &text) {
  if (text.size() < 2) return std::nullopt;
  const size_t len =
      static_cast<unsigned char>(text[0]) | static_cast<size_t>(static_cast<unsigned char>(text[1])) << 8;
  if (text.size() - 2 < len) return std::nullopt;
  const std::string_view part = text.substr(2, len);
  text.remove_prefix(2 + len);
  return part;
}

bool set_number(uint64_t &number, std::string_view value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size();
}

bool set(Message &message, std::string_view key, std::string_view value) {
  for (auto [name, member] : {std::pair{"legion", &Message::legion},
                              {"uuid", &Message::uuid},
                              {"name", &Message::name},
                              {"scroll", &Message::scroll},
                              {"lord_uuid", &Message::lord_uuid}})
    if (key == name) return message.*member = value, true;
  for (auto [name, member] : {std::pair{"valor", &Message::valor},
                              {"unix_us", &Message::unix_us},
                              {"checksum", &Message::checksum},
                              {"lord_valor", &Message::lord_valor}})
    if (key == name) return set_number(message.*member, value);
  if (key == "dead") message.dead = true;
  return true;  // what later releases say is not understood
}

}  // namespace

std::string pack(const Message &message) {
  std::string text;
  add(text, "legion", message.legion);
  add(text, "uuid", message.uuid);
  add(text, "name", message.name);
  add(text, "scroll", message.scroll);
  add(text, "valor", std::to_string(message.valor));
  add(text, "unix_us", std::to_string(message.unix_us));
  add(text, "checksum", std::to_string(message.checksum));
  add(text, "lord_valor", std::to_string(message.lord_valor));
  add(text, "lord_uuid", message.lord_uuid);
  if (message.dead) add(text, "dead", "1");
  return text;
}

std::optional<Message> unpack(std::string_view text) {
  Message message;
  while (!text.empty()) {
    const auto key = take(text);
    const auto value = key ? take(text) : std::nullopt;
    if (!value || !set(message, *key, *value)) return std::nullopt;
  }
  const bool good = !message.legion.empty() && message.uuid.size() == kUuidBytes && message.unix_us > 0 &&
                    (message.lord_uuid.empty() || message.lord_uuid.size() == kUuidBytes);
  return good ? std::optional(message) : std::nullopt;
}

}  // namespace mortise::legion
