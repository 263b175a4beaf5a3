#include "arithmetic.h"

#include <charconv>
#include <cmath>

namespace mortise::routing {

namespace {

// Recursive descent: sum of products of powers of signed atoms. `failed` stays once it is set.
class Parser {
 public:
  Parser(std::string_view text, const std::function<double(std::string_view)> &value_of)
      : rest_(text), value_of_(value_of) {}

  std::optional<double> whole() {
    const double value = sum();
    if (failed_ || next() != '\0' || !std::isfinite(value)) return std::nullopt;
    return value;
  }

 private:
  static constexpr int kDeepest = 64;

  char next() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool take(char c) {
    if (next() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  double sum() {
    double value = product();
    for (;;) {
      if (take('+'))
        value += product();
      else if (take('-'))
        value -= product();
      else
        return value;
    }
  }

  double product() {
    double value = power();
    for (;;) {
      if (take('*'))
        value *= power();
      else if (take('/'))
        value /= power();
      else if (take('%'))
        value = std::fmod(value, power());
      else
        return value;
    }
  }

  double power() {
    if (++depth_ > kDeepest) return fail();
    double value = atom();
    if (take('^')) value = std::pow(value, power());
    --depth_;
    return value;
  }

  double atom() {
    if (++depth_ > kDeepest) return fail();
    double value = bracket_or_word();
    --depth_;
    return value;
  }

  double bracket_or_word() {
    if (take('-')) return -atom();
    if (take('+')) return atom();
    if (take('(')) {
      double value = sum();
      return take(')') ? value : fail();
    }
    const char c = next();
    if ((c >= '0' && c <= '9') || c == '.') return number();
    size_t len = 0;
    while (len < rest_.size() && is_name(rest_[len])) ++len;
    if (len == 0) return fail();
    std::string_view name = rest_.substr(0, len);
    rest_.remove_prefix(len);
    return value_of_(name);
  }

  double number() {
    double value = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return fail();
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  }
  double fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  const std::function<double(std::string_view)> &value_of_;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<double> evaluate(std::string_view expression,
                               const std::function<double(std::string_view)> &value_of) {
  return Parser(expression, value_of).whole();
}

}  // namespace mortise::routing
