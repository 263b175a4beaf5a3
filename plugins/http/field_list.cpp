#include "field_list.h"

#include <algorithm>
#include <charconv>

#include "folded.h"

namespace mortise::http {

namespace {

bool is_token_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token);
}

}  // namespace

std::optional<uint64_t> parse_content_length(std::string_view value) {
  uint64_t length = 0;
  const char *end = value.data() + value.size();
  auto [stop, error] = std::from_chars(value.data(), end, length);  // takes neither sign nor blank
  if (error != std::errc() || stop != end) return std::nullopt;
  return length;
}

const char *take_content_length(std::string_view value, bool &has_length, uint64_t &length) {
  if (has_length) return "more than one Content-Length";
  std::optional<uint64_t> parsed = parse_content_length(value);
  if (!parsed) return "a Content-Length that is not a number of bytes";
  has_length = true;
  length = *parsed;
  return nullptr;
}

Coding parse_transfer_encoding(std::string_view value) {
  if (equals_folded(value, "chunked")) return Coding::kChunked;
  size_t comma = value.rfind(',');
  if (comma == value.npos || !equals_folded(trim_blanks(value.substr(comma + 1)), "chunked"))
    return Coding::kUnframed;
  bool proper = true, chunked_twice = false;
  std::string_view others = value.substr(0, comma);
  for (;;) {
    size_t next = others.find(',');
    std::string_view coding = trim_blanks(others.substr(0, next));
    proper = proper && is_token_text(coding);
    chunked_twice = chunked_twice || equals_folded(coding, "chunked");
    if (next == others.npos) break;
    others.remove_prefix(next + 1);
  }
  return proper && !chunked_twice ? Coding::kUnsupported : Coding::kUnframed;
}

void ConnectionOptions::add(std::string_view value) {
  for_each_element(value, [this](std::string_view option) {
    close = close || equals_folded(option, "close");
    keep_alive = keep_alive || equals_folded(option, "keep-alive");
    upgrade = upgrade || equals_folded(option, "upgrade");
  });
}

}  // namespace mortise::http
