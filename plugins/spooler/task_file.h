// What is in a task's file, byte for byte as uWSGI has it: a uwsgi header of modifier 17, packed pairs, the
// body. Pure functions over bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::spooler {

constexpr uint8_t kModifier = 17;
constexpr std::string_view kNamePrefix = "uwsgi_spoolfile_on_";

// What the pairs say to the spooler itself; empty where they say nothing.
struct TaskOrders {
  std::string spooler;   // a folder
  std::string priority;  // a number
  int64_t at = 0;        // seconds since 1970
};
// Nothing where the pairs are malformed.
std::optional<TaskOrders> read_orders(std::string_view pairs);

// The file of a task; its pairs are at most 65535 bytes.
std::string pack_task(std::string_view pairs, std::string_view body);

struct Task {
  std::string pairs, body;
};
// Nothing where the bytes are no task.
std::optional<Task> parse_task(std::string_view file);

// A file name that no other process chooses.
std::string make_name(std::string_view host, int pid, uint64_t number, uint64_t micros);

}  // namespace mortise::spooler
