// Reads a uwsgiplugin.py that is nothing but assignments, for machines without python3. Runs nothing.
#include <algorithm>
#include <cctype>

#include "sdk/runtime/strings.h"
#include "sdk/tool/recipe.h"

namespace mortise {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : all_(text), rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  size_t line() const {
    return 1 + std::count(all_.begin(), all_.end() - static_cast<std::ptrdiff_t>(rest_.size()), '\n');
  }
  // Blanks and comments; lines too where `blanks` has the newline.
  void skip(const char *blanks) {
    for (;;) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
      if (at_end() || rest_.front() != '#') return;
      skip_line();
    }
  }
  void skip_line() { rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size())); }
  bool take(char c) {
    if (at_end() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view take_word() {
    auto is_part = [](char c) { return c == '_' || isalnum(static_cast<unsigned char>(c)); };
    const auto *end = std::find_if_not(rest_.begin(), rest_.end(), is_part);
    std::string_view word = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
    rest_.remove_prefix(word.size());
    return word;
  }
  // A text in quotes; what a backslash in it means is left to Python.
  bool take_text(std::string *text) {
    const char quote = at_end() ? '\0' : rest_.front();
    const size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : rest_.npos;
    if (end == rest_.npos) return false;
    *text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text->find_first_of("\\\n") == text->npos;
  }
  bool take_list(std::vector<std::string> *list) {
    constexpr const char *kAnything = " \t\r\n";
    if (!take('[')) return false;
    for (bool more = true;; list->emplace_back()) {
      skip(kAnything);
      if (take(']')) return list->pop_back(), true;
      if (!more || !take_text(&list->back())) return false;
      skip(kAnything);
      more = take(',');
    }
  }

 private:
  std::string_view all_, rest_;
};

bool take_assignment(Reader &reader, std::string_view key, Recipe *recipe) {
  reader.skip(" \t");
  if (!reader.take('=')) return false;
  reader.skip(" \t");
  std::string text;
  std::vector<std::string> list(1);
  if (reader.take_text(&text)) {
    list = {text};
  } else if (!reader.take_list(&list)) {
    return false;
  }
  if (key == "NAME") recipe->name = text;
  if (auto *member = recipe->list_of(key)) *member = std::move(list);
  reader.skip(" \t\r");
  return reader.at_end() || reader.take('\n') || reader.take(';');
}

}  // namespace

std::vector<std::string> *Recipe::list_of(std::string_view key) {
  return key == "GCC_LIST"      ? &sources
         : key == "CFLAGS"      ? &cflags
         : key == "LDFLAGS"     ? &ldflags
         : key == "LIBS"        ? &libs
         : key == "BINARY_LIST" ? &binaries
         : key == "REQUIRES"    ? &loads
                                : nullptr;
}

Result<Recipe> parse_recipe(std::string_view text, const std::string &path) {
  Recipe recipe;
  Reader reader(text);
  for (reader.skip(" \t\r\n"); !reader.at_end(); reader.skip(" \t\r\n")) {
    const size_t line = reader.line();
    const std::string_view word = reader.take_word();
    if (word == "import" || word == "from") {
      reader.skip_line();
    } else if (word.empty() || !take_assignment(reader, word, &recipe)) {
      return Error{format_text("%s:%zu", path.c_str(), line), "it is a program, not only assignments",
                   "install python3, which runs it", kExitFailure};
    }
  }
  return recipe;
}

}  // namespace mortise
