// Configuration files that plugins read (uwsgi_register_configurator): what they find becomes entries as
// those of an ini file.
#pragma once

#include <functional>
#include <string>

#include "config/config_host.h"

namespace mortise {

// The machine, with the formats of plugins. load_option loads the plugin that has an option. [main]
class FormatHost final : public ConfigHost {
 public:
  explicit FormatHost(std::function<void(const std::string &name)> load_option)
      : load_option_(std::move(load_option)) {}

  std::optional<std::string> format_of_option(const std::string &key) override;
  std::optional<std::string> format_of_file(const std::string &path) override;
  Result<IniSection> read_format(const std::string &format, const std::string &path,
                                 const std::string &section) override;

 private:
  bool has(const std::string &ending);
  std::function<void(const std::string &name)> load_option_;
};

}  // namespace mortise
