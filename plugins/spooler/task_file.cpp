#include "task_file.h"

#include <charconv>

namespace mortise::spooler {

namespace {

constexpr size_t kHeader = 4;

bool take_item(std::string_view *block, std::string_view *item) {
  if (block->size() < 2) return false;
  const size_t len =
      static_cast<uint8_t>((*block)[0]) | static_cast<size_t>(static_cast<uint8_t>((*block)[1])) << 8;
  if (block->size() - 2 < len) return false;
  *item = block->substr(2, len);
  block->remove_prefix(2 + len);
  return true;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

std::optional<TaskOrders> read_orders(std::string_view pairs) {
  TaskOrders orders;
  while (!pairs.empty()) {
    std::string_view key, value;
    if (!take_item(&pairs, &key) || !take_item(&pairs, &value)) return std::nullopt;
    if (key == "spooler") orders.spooler = value;
    if (key == "priority" && is_number(value)) orders.priority = value;
    if (key == "at") std::from_chars(value.data(), value.data() + value.size(), orders.at);
  }
  return orders;
}

std::string pack_task(std::string_view pairs, std::string_view body) {
  std::string file = {static_cast<char>(kModifier), static_cast<char>(pairs.size() & 0xff),
                      static_cast<char>(pairs.size() >> 8), '\0'};
  file += pairs;
  file += body;
  return file;
}

std::optional<Task> parse_task(std::string_view file) {
  if (file.size() < kHeader || static_cast<uint8_t>(file[0]) != kModifier) return std::nullopt;
  const size_t len = static_cast<uint8_t>(file[1]) | static_cast<size_t>(static_cast<uint8_t>(file[2])) << 8;
  if (file.size() - kHeader < len) return std::nullopt;
  const std::string_view pairs = file.substr(kHeader, len);
  if (!read_orders(pairs)) return std::nullopt;
  return Task{std::string(pairs), std::string(file.substr(kHeader + len))};
}

std::string make_name(std::string_view host, int pid, uint64_t number, uint64_t micros) {
  std::string name(kNamePrefix);
  name += host;
  for (const uint64_t part : {static_cast<uint64_t>(pid), number, micros / 1000000, micros % 1000000})
    name += "_" + std::to_string(part);
  return name;
}

}  // namespace mortise::spooler
