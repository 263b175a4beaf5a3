// The names of all options that uWSGI has, whether this server implements them or not, and the nearest name
// to a misspelt one. Knows nothing of what an option does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mortise {

enum class ArgumentKind : uint8_t { kFlag, kValue, kOptional };

struct KnownOption {
  std::string_view name;
  ArgumentKind kind;
  std::string_view home;  // the plugin that has it, or "core"
};

std::optional<KnownOption> find_known_option(std::string_view name);

// The known or extra name that `wrong` was probably meant to be; empty if none is near. '_' counts as '-'.
std::string nearest_option(std::string_view wrong, std::span<const std::string> extra = {});

}  // namespace mortise
