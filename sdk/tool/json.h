// Writes JSON (RFC 8259), one value after another; commas and quotes are its affair.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise {

class JsonWriter {
 public:
  JsonWriter &begin(char bracket) { return next().raw(bracket), fresh_ = true, *this; }
  JsonWriter &end(char bracket) { return raw(bracket), fresh_ = false, *this; }
  JsonWriter &key(std::string_view name) { return string(name).raw(':'), fresh_ = true, *this; }
  JsonWriter &string(std::string_view text);
  JsonWriter &number(uint64_t value) { return next(), text_ += std::to_string(value), *this; }
  JsonWriter &strings(const std::vector<std::string> &list);
  const std::string &text() const { return text_; }

 private:
  JsonWriter &next() {
    if (!fresh_) raw(',');
    fresh_ = false;
    return *this;
  }
  JsonWriter &raw(char c) { return text_ += c, *this; }

  std::string text_;
  bool fresh_ = true;  // nothing stands before in this bracket
};

}  // namespace mortise
