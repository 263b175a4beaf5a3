#include "sdk/tool/json.h"

#include "sdk/runtime/strings.h"

namespace mortise {

JsonWriter &JsonWriter::string(std::string_view text) {
  next().raw('"');
  for (char c : text) {
    if (c == '"' || c == '\\') raw('\\');
    if (static_cast<unsigned char>(c) < ' ') {
      text_ += format_text("\\u%04x", c);
    } else {
      raw(c);
    }
  }
  return raw('"');
}

JsonWriter &JsonWriter::strings(const std::vector<std::string> &list) {
  begin('[');
  for (const std::string &item : list) string(item);
  return end(']');
}

}  // namespace mortise
