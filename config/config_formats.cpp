#include "config/config_formats.h"

#include <uwsgi.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "config/options.h"
#include "kernel/state.h"

namespace mortise {

namespace {

// The file that a plugin reads just now.
struct Reading {
  std::string section;
  IniSection found{{}, true, {}};
  std::optional<std::pair<int, std::string>> refusal;
};
Reading *reading = nullptr;

// Those that uWSGI has, whose plugins are found by these options.
constexpr std::string_view kFormats[] = {"xml", "yaml", "yml", "json"};

const Configurator *configurator_for(const std::string &ending) {
  for (const Configurator &configurator : registries().configurators)
    if (configurator.ending == ending) return &configurator;
  return nullptr;
}

}  // namespace

bool FormatHost::has(const std::string &format) {
  if (configurator_for("." + format)) return true;
  if (std::find(std::begin(kFormats), std::end(kFormats), format) == std::end(kFormats)) return false;
  load_option_(format);
  return configurator_for("." + format) != nullptr;
}

std::optional<std::string> FormatHost::format_of_option(const std::string &key) {
  const std::string format = key == "xmlconfig" ? "xml" : key;
  const bool known = std::find(std::begin(kFormats), std::end(kFormats), format) != std::end(kFormats);
  return known && has(format) ? std::optional(format) : std::nullopt;
}

std::optional<std::string> FormatHost::format_of_file(const std::string &path) {
  const size_t dot = path.rfind('.');
  if (dot == path.npos || path.find('/', dot) != path.npos) return std::nullopt;
  const std::string format = path.substr(dot + 1);
  return has(format) ? std::optional(format) : std::nullopt;
}

Result<IniSection> FormatHost::read_format(const std::string &format, const std::string &path,
                                           const std::string &section) {
  Reading now{section, {{}, true, {}}, {}};
  Reading *const outer = std::exchange(reading, &now);
  DirectiveSink before =
      std::exchange(directive_sink(), [](std::string_view key, const char *value, int line) {
        reading->found.entries.push_back({std::string(key), value ? value : "", value != nullptr, line});
      });
  std::string file = path;
  configurator_for("." + format)->read(file.data(), uwsgi.magic_table);
  directive_sink() = std::move(before);
  reading = outer;
  if (!now.refusal) return std::move(now.found);
  const std::string line = now.refusal->first > 0 ? ":" + std::to_string(now.refusal->first) : "";
  return Error{"read " + path + line, now.refusal->second, {}, kExitConfig};
}

}  // namespace mortise

using namespace mortise;

extern "C" {

void uwsgi_config_line(const char *key, const char *value, int line) {
  if (reading && key) directive_sink()(key, value, line);
}

const char *uwsgi_config_section() {
  return reading ? reading->section.c_str() : "uwsgi";
}

void uwsgi_config_refuse(int line, const char *why) {
  if (reading && !reading->refusal) reading->refusal = {line, why};
}

}  // extern "C"
