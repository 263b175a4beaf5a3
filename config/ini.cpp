#include "config/ini.h"

#include <ini.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace mortise {

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\v\f";
  size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Feeds inih one line for each line of the file, with an index in place of each name. Given the names and
// values themselves, inih 55 would cut lines at 200 bytes and names at 50, take ':' for '=', join an indented
// line to the one above, end a value at " ;" and refuse a key alone on its line: real files have all of that.
// inih keeps sections and line numbers.
struct IndexedLines {
  std::string_view rest;
  std::string_view wanted;
  int line = 0;
  const char *fault = nullptr;  // of the first line that inih is made to refuse
  std::vector<IniEntry> entries{};
  std::vector<std::string> sections{};
  std::vector<IniEntry> kept{};
};

char *read_line(char *out, int size, void *pointer) {
  auto &lines = *static_cast<IndexedLines *>(pointer);
  if (lines.rest.empty()) return nullptr;
  size_t end = std::min(lines.rest.find('\n'), lines.rest.size() - 1);
  std::string_view text = trim(lines.rest.substr(0, lines.rest[end] == '\n' ? end : end + 1));
  lines.rest.remove_prefix(end + 1);
  ++lines.line;
  auto capacity = static_cast<size_t>(size);
  if (text.empty() || text[0] == ';' || text[0] == '#') {
    snprintf(out, capacity, "\n");
  } else if (text[0] != '[') {
    snprintf(out, capacity, "%zu=\n", lines.entries.size());
    size_t equals = std::min(text.find('='), text.size());
    bool has_value = equals < text.size();
    lines.entries.push_back({std::string(trim(text.substr(0, equals))),
                             std::string(trim(text.substr(equals + has_value))), has_value, lines.line});
  } else if (size_t close = text.find(']'); close != text.npos) {
    snprintf(out, capacity, "[%zu]\n", lines.sections.size());
    lines.sections.emplace_back(trim(text.substr(1, close - 1)));
  } else {
    snprintf(out, capacity, "[\n");
    if (!lines.fault) lines.fault = "the section's name does not end in ']'";
  }
  return out;
}

// Called by inih for each entry; 0 makes its line a faulty one.
int keep_entry(void *pointer, const char *section, const char *index, const char *) {
  auto &lines = *static_cast<IndexedLines *>(pointer);
  if (!*section || lines.sections[strtoul(section, nullptr, 10)] != lines.wanted) return 1;
  IniEntry &entry = lines.entries[strtoul(index, nullptr, 10)];
  bool named = !entry.key.empty();
  if (!named && !lines.fault) lines.fault = "there is no name before '='";
  lines.kept.push_back(std::move(entry));
  return named;
}

}  // namespace

Result<IniSection> parse_ini(std::string_view text, std::string_view name, std::string_view section) {
  auto fault_at = [name](ptrdiff_t line, const char *why) {
    return Error{"read " + std::string(name) + ":" + std::to_string(line), why, {}, kExitConfig};
  };
  if (auto nul = std::find(text.begin(), text.end(), '\0'); nul != text.end())
    return fault_at(std::count(text.begin(), nul, '\n') + 1, "it has a NUL byte: this is not a text file");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  IndexedLines lines{.rest = text, .wanted = section};
  int faulty_line = ini_parse_stream(read_line, &lines, keep_entry, &lines);
  if (faulty_line != 0) return fault_at(faulty_line, lines.fault ? lines.fault : "inih refused it");
  bool found = std::find(lines.sections.begin(), lines.sections.end(), section) != lines.sections.end();
  return IniSection{std::move(lines.kept), found, std::move(lines.sections)};
}

}  // namespace mortise
