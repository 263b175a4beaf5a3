// One section of an ini file as uWSGI reads it: pure, from bytes to entries. What keys and values mean is not
// its affair.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.h"

namespace mortise {

struct IniEntry {
  std::string key;
  std::string value;  // everything after the first '=', without the white space around it
  bool has_value;     // false for a key alone on its line
  int line;           // from 1
};

struct IniSection {
  std::vector<IniEntry> entries;  // in the order of the file; a section that appears twice continues
  bool found;
  std::vector<std::string> names;  // of all sections of the file
};

// Comments are lines that begin with ';' or '#'; inside a value these are ordinary characters. Lines of any
// length, LF or CRLF, with or without a byte order mark. An Error says where: "read app.ini:12".
Result<IniSection> parse_ini(std::string_view text, std::string_view name, std::string_view section);

}  // namespace mortise
