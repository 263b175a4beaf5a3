#include "config/magic_vars.h"

#include <string_view>

namespace mortise {

namespace {

// Component of an absolute folder, counted from 0; empty beyond the last one.
std::string_view component(std::string_view folder, int index) {
  size_t begin = 1;
  for (; index > 0 && begin != 0; --index) begin = folder.find('/', begin) + 1;  // npos + 1 is 0
  if (begin == 0 || begin >= folder.size()) return {};
  return folder.substr(begin, folder.find('/', begin) - begin);
}

}  // namespace

std::optional<std::string> file_variable(char letter, const ConfigFile &file, const ConfigFile &first) {
  bool upper = std::string_view("OPSDENCX").find(letter) != std::string_view::npos;
  const ConfigFile &of = upper ? first : file;
  std::string_view path = of.absolute;
  std::string_view folder = path.substr(0, path.rfind('/') + 1);
  std::string_view name = path.substr(folder.size());
  size_t dot = name.rfind('.');
  if (letter >= '0' && letter <= '9') return std::string(component(folder, letter - '0'));
  switch (upper ? letter - 'A' + 'a' : letter) {
    case 'o':
      return of.given;
    case 'p':
      return of.absolute;
    case 's':
      return std::string(name);
    case 'd':
      return std::string(folder);
    case 'e':
      return std::string(dot == name.npos ? "" : name.substr(dot + 1));
    case 'n':
      return std::string(name.substr(0, dot));
    case 'x':
      return of.section;
    case 'c':
      if (!folder.empty()) folder.remove_suffix(1);
      return std::string(folder.substr(folder.rfind('/') + 1));
    default:
      return std::nullopt;
  }
}

}  // namespace mortise
