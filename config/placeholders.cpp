#include "config/placeholders.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

namespace mortise {

namespace {

constexpr int kMaxNesting = 8;

bool is_name_character(unsigned char c) {
  return isalnum(c) || c == '_';
}

// Where a reference begins at i: its sign and parenthesis.
bool is_opening(std::string_view text, size_t i) {
  return i + 1 < text.size() && text[i + 1] == '(' && (text[i] == '$' || text[i] == '@' || text[i] == '%');
}

// Position of the ')' of each opening, 0 where there is none. One pass, so that no input takes quadratic
// time.
std::vector<size_t> find_ends(std::string_view text, bool has_magic) {
  std::vector<size_t> ends(text.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < text.size(); ++i) {
    if (has_magic && text.substr(i, 2) == "%%") {
      ++i;
    } else if (is_opening(text, i)) {
      open.push_back(i++);
    } else if (text[i] == ')' && !open.empty()) {
      ends[open.back()] = i;
      open.pop_back();
    }
  }
  return ends;
}

std::optional<long long> whole_number(std::string_view text) {
  long long number = 0;
  auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc() || end != text.end()) return std::nullopt;
  return number;
}

bool is_sign(std::string_view word) {
  return word.size() == 1 && std::string_view("+-*/").find(word[0]) != word.npos;
}

// The first Error ends the expansion: every step looks at failed() and returns whatever it has.
class Expander {
 public:
  explicit Expander(PlaceholderSource &source) : source_(source) {}

  Result<std::string> run(std::string_view value) {
    std::string expanded = expand(value, 0);
    if (error_) return std::move(*error_);
    return expanded;
  }

 private:
  using Value = std::optional<std::string>;

  std::string expand(std::string_view text, int nesting) {
    std::vector<size_t> ends = find_ends(text, source_.has_magic());
    std::string out;
    for (size_t i = 0; i < text.size() && !error_; ++i) {
      if (size_t end = ends[i]; end != 0 && nesting < kMaxNesting) {
        out += reference(text[i], text.substr(i + 2, end - i - 2), nesting)
                   .value_or(std::string(text.substr(i, end + 1 - i)));
        i = end;
      } else if (text[i] == '%' && i + 1 < text.size() && source_.has_magic() && !is_opening(text, i)) {
        out += magic(text[++i]);
      } else {
        out += text[i];
      }
    }
    return out;
  }

  std::string magic(char letter) {
    if (letter == '%') return "%";
    if (auto value = source_.magic(letter)) return *value;
    if (isalpha(static_cast<unsigned char>(letter)))
      source_.warn(std::string("there is no variable %") + letter +
                   ": kept as it is (write %% for a percent sign)");
    return {'%', letter};
  }

  Value look_up(char sign, const std::string &name) {
    auto found = source_.look_up(sign, name);
    if (found) return std::move(*found);
    error_ = std::move(found.error());
    return std::nullopt;
  }

  Value reference(char sign, std::string_view argument, int nesting) {
    if (sign == '$') return environment(argument, nesting);
    std::string expanded = expand(argument, nesting + 1);
    if (error_) return std::nullopt;
    if (sign == '%') return option(expanded);
    Value contents = look_up(sign, expanded);
    if (contents && contents->ends_with('\n')) contents->pop_back();
    if (contents && contents->ends_with('\r')) contents->pop_back();
    return contents;
  }

  Value environment(std::string_view argument, int nesting) {
    size_t length = static_cast<size_t>(
        std::find_if_not(argument.begin(), argument.end(), is_name_character) - argument.begin());
    std::string name(argument.substr(0, length));
    std::string_view rest = argument.substr(length);
    bool empty_is_unset = rest.starts_with(":-");
    if (name.empty() || !(rest.empty() || rest.starts_with('-') || empty_is_unset))
      return "$(" + expand(argument, nesting + 1) + ")";  // a shell's: $(cat %(pidfile))
    Value value = look_up('$', name);
    if (value && !(empty_is_unset && value->empty())) return value;
    if (!rest.empty()) return expand(rest.substr(empty_is_unset ? 2 : 1), nesting + 1);
    source_.warn("$(" + name + ") is not in the environment: kept as it is (set it, or write $(" + name +
                 ":-default))");
    return std::nullopt;
  }

  Value option(const std::string &argument) {
    std::vector<std::string> words;
    for (size_t begin = 0; (begin = argument.find_first_not_of(' ', begin)) != argument.npos;) {
      size_t end = std::min(argument.find(' ', begin), argument.size());
      words.push_back(argument.substr(begin, end - begin));
      begin = end;
    }
    if (words.empty()) return std::nullopt;
    return words.size() == 1 ? look_up('%', words[0]) : formula(words);
  }

  Value formula(const std::vector<std::string> &words) {
    std::string result;
    char pending = 0;  // the sign that waits for its second operand
    bool has_meaning = false;
    for (const std::string &word : words) {
      if (is_sign(word)) {
        pending = word[0];
      } else if (word == "++" || word == "--") {
        result = calculate(result, word[0], "1");
      } else {
        Value operand = whole_number(word) ? word : look_up('%', word);
        has_meaning |= operand.has_value();
        result = pending ? calculate(result, pending, operand.value_or("0")) : result + operand.value_or("");
        pending = 0;
      }
      if (error_) break;
    }
    if (!has_meaning) return std::nullopt;
    return result;
  }

  std::string calculate(const std::string &left, char sign, const std::string &right) {
    auto a = left.empty() ? 0 : whole_number(left);
    auto b = whole_number(right);
    long long result = 0;
    const char *why = !a || !b ? "not whole numbers" : sign == '/' && *b == 0 ? "division by zero" : nullptr;
    bool overflow = false;
    if (!why && sign == '+') overflow = __builtin_add_overflow(*a, *b, &result);
    if (!why && sign == '-') overflow = __builtin_sub_overflow(*a, *b, &result);
    if (!why && sign == '*') overflow = __builtin_mul_overflow(*a, *b, &result);
    if (!why && sign == '/' && !(overflow = *b == -1 && *a == INT64_MIN)) result = *a / *b;
    if (overflow) why = "the result is too large";
    if (why) error_ = Error{left + " " + sign + " " + right, why, {}, kExitConfig};
    return std::to_string(result);
  }

  PlaceholderSource &source_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::string> expand_placeholders(std::string_view value, PlaceholderSource &source) {
  return Expander(source).run(value);
}

}  // namespace mortise
