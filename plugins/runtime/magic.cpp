// Texts with %x placeholders, replaced from a table of 256 entries that a plugin fills. Those of
// configuration files: config/placeholders.
#include <uwsgi.h>

#include <cstring>
#include <string>
#include <string_view>

namespace {

char *copy(std::string_view text) {
  return uwsgi_strncopy(text.data(), static_cast<int>(text.size()));
}

}  // namespace

extern "C" {

void init_magic_table(char *table[]) {
  for (int i = 0; i < 256; ++i) table[i] = uwsgi.empty;
  table['%'] = uwsgi_str("%");
  table['h'] = uwsgi.hostname;
}

// %p whole path, %s its last part, %d its folder with a slash, %n without its ending, %e the ending.
void config_magic_table_fill(char *path, char *table[]) {
  const std::string_view whole(path), name = whole.substr(whole.rfind('/') + 1);
  const std::string_view folder = whole.substr(0, whole.size() - name.size());
  const size_t dot = name.rfind('.');
  table['o'] = table['p'] = path;
  table['s'] = copy(name);
  table['d'] = copy(folder);
  table['n'] = copy(name.substr(0, dot));
  table['e'] = copy(dot == name.npos ? "" : name.substr(dot + 1));
}

char *magic_sub(char *text, size_t len, size_t *new_len, char *table[]) {
  std::string result;
  for (size_t i = 0; i < len; ++i) {
    const char *value = text[i] == '%' && i + 1 < len ? table[static_cast<uint8_t>(text[i + 1])] : nullptr;
    if (value) {
      result += value;
      ++i;
    } else {
      result += text[i];
    }
  }
  *new_len = result.size();
  return copy(result);
}

}  // extern "C"
