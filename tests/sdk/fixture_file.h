// The fixture plugins that the build makes of tests/fixtures/*.c.
#pragma once

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/places.h"

namespace mortise {

inline std::string fixture_path(const std::string &name) {
  return std::string(kBuildDir) + "/fixtures/" + name + "_plugin.so";
}

inline std::string file_bytes(const std::string &path) {
  std::ostringstream bytes;  // whole blocks: a character at a time takes seconds under sanitizers
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

template <typename T>
void patch(std::string &bytes, size_t offset, T value) {
  memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace mortise
