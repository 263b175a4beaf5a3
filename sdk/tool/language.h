// The languages of plugins: how a source file's name ends, which compiler it is for.
#pragma once

#include <string_view>

namespace mortise {

struct Language {
  const char *suffix;
  const char *compiler_variable;  // of the environment
  const char *compiler;           // where that is not set
  const char *flags_variable;
  bool links_as_cxx;
};

inline constexpr Language kLanguages[] = {
    {".c", "CC", "cc", "CFLAGS", false},      {".m", "CC", "cc", "CFLAGS", false},
    {".cc", "CXX", "c++", "CXXFLAGS", true},  {".cpp", "CXX", "c++", "CXXFLAGS", true},
    {".cxx", "CXX", "c++", "CXXFLAGS", true},
};

// By a file's name; nullptr: not a source file.
inline const Language *language_of(std::string_view file) {
  for (const Language &language : kLanguages)
    if (file.ends_with(language.suffix)) return &language;
  return nullptr;
}

}  // namespace mortise
