#include "conditions.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace mortise::files {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Behind what may stand between the elements of a list, empty ones as well (RFC 9110 §5.6.1).
std::string_view next_element(std::string_view list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  return list;
}

// Whether a list of entity tags has this one. Tags may hold commas.
bool lists_tag(std::string_view list, std::string_view tag, bool weakly) {
  if (trim(list) == "*") return true;
  list = next_element(list);
  while (!list.empty()) {
    const bool weak = list.substr(0, 2) == "W/";
    if (weak) list.remove_prefix(2);
    const size_t end = list.size() > 1 && list.front() == '"' ? list.find('"', 1) : list.npos;
    if (end == list.npos) return false;
    if ((weakly || !weak) && list.substr(0, end + 1) == tag) return true;
    list = next_element(list.substr(end + 1));
  }
  return false;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool range_is_current(std::string_view if_range, const Validators &file) {
  if (!if_range.data()) return true;
  if_range = trim(if_range);
  // A weak tag is none of ours, and must not do (RFC 9110 §13.1.5).
  if (if_range.substr(0, 1) == "\"" || if_range.substr(0, 2) == "W/") return if_range == file.etag;
  const auto date = parse_http_date(if_range);
  return date && *date == file.modified;
}

}  // namespace

int check_conditions(const Conditions &asked, const Validators &file) {
  if (asked.if_match.data()) {
    if (!lists_tag(asked.if_match, file.etag, false)) return 412;
  } else if (asked.if_unmodified_since.data()) {
    const auto date = parse_http_date(asked.if_unmodified_since);
    if (date && file.modified > *date) return 412;
  }
  if (asked.if_none_match.data()) return lists_tag(asked.if_none_match, file.etag, true) ? 304 : 0;
  if (asked.if_modified_since.data()) {
    const auto date = parse_http_date(asked.if_modified_since);
    if (date && file.modified <= *date) return 304;
  }
  return 0;
}

ByteRange choose_range(std::string_view range, const Conditions &asked, const Validators &file,
                       uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (range.size() < kUnit.size() || strncasecmp(range.data(), kUnit.data(), kUnit.size()) != 0) return {};
  if (!range_is_current(asked.if_range, file)) return {};
  range = trim(range.substr(kUnit.size()));
  const size_t dash = range.find('-');
  if (dash == range.npos || range.find(',') != range.npos) return {};
  const std::string_view from = range.substr(0, dash), to = range.substr(dash + 1);
  if (from.empty()) {
    const auto last = number(to);
    if (!last) return {};
    if (*last == 0 || size == 0) return {ByteRange::Kind::kUnsatisfiable};
    const uint64_t length = std::min(*last, size);
    return {ByteRange::Kind::kPart, size - length, length};
  }
  const auto first = number(from), last = to.empty() ? std::optional<uint64_t>(UINT64_MAX) : number(to);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {ByteRange::Kind::kUnsatisfiable};
  return {ByteRange::Kind::kPart, *first, std::min(*last, size - 1) - *first + 1};
}

std::optional<time_t> parse_http_date(std::string_view text) {
  const std::string terminated(trim(text));
  for (const char *form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    tm parts{};
    const char *end = strptime(terminated.c_str(), form, &parts);
    if (!end || *end != '\0') continue;
    const int day = parts.tm_mday;
    const time_t time = timegm(&parts);
    return parts.tm_mday == day ? std::optional(time) : std::nullopt;  // there is no 31 February
  }
  return std::nullopt;
}

bool accepts_gzip(std::string_view list) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view element = trim(list.substr(0, comma));
    const std::string_view coding = trim(element.substr(0, element.find(';')));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (coding.size() != 4 || strncasecmp(coding.data(), "gzip", 4) != 0) continue;
    const size_t weight = element.find_first_of("qQ", 4);  // behind the coding
    return weight == element.npos || element.find_first_of("123456789", weight) != element.npos;
  }
  return false;
}

}  // namespace mortise::files
