// The statements of a configuration: what if-… asks and what for… walks through.
// https://uwsgi-docs.readthedocs.io/en/latest/ConfigLogic.html
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_host.h"

namespace mortise {

bool opens_block(std::string_view key);  // if-… and for…
bool closes_block(
    std::string_view key);  // endif, end-if, endfor, end-for: uWSGI takes any of them for any block

// Each line of the block is applied once for each pass, before the next line is; a pass is what %(_) means in
// it.
struct Block {
  using Passes = std::vector<std::optional<std::string>>;
  Passes passes;
  Passes passes_of_else;
};

// All values that an option or placeholder was given so far.
using GivenValues = std::function<std::vector<std::string>(const std::string &name)>;

//   if-env NAME, NAME=text   if-opt name, name=text   if-exists if-file if-dir path   if-plugin name
//   if-hostname name         if-reload                and if-not-…
//   for words   for-glob pattern   for-readline path (empty lines are skipped)   for-times number
Result<Block> open_block(std::string_view key, const std::string &argument, ConfigHost &host,
                         const GivenValues &given);

}  // namespace mortise
