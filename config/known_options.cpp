#include "config/known_options.h"

#include <algorithm>
#include <array>

namespace mortise {

namespace {

// Lines of name, kind (f, v or o) and, unless it is the core, the plugin; one text, because a table of
// string_views would take three times as much, in pages that relocation makes private.
constexpr std::string_view kRows =
#include "config/known_options.inc"
    ;

std::string_view name_of(std::string_view row) {
  return row.substr(0, row.find('\t'));
}

constexpr size_t kLongestName = 63;

// Edits (a character added, left out or changed, two neighbours swapped) from a to b; more than `limit` is
// limit + 1.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit || b.size() > kLongestName) return limit + 1;
  std::array<std::array<size_t, kLongestName + 1>, 3>
      rows;  // of prefixes of a: this one, one and two shorter
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto &now = rows[i % 3];
    const auto &one_before = rows[(i + 2) % 3];
    const auto &two_before = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({one_before[j] + 1, now[j - 1] + 1, one_before[j - 1] + (a[i - 1] != b[j - 1])});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], two_before[j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

}  // namespace

std::optional<KnownOption> find_known_option(std::string_view name) {
  if (name.empty() || name.find_first_of("\t\n") != name.npos) return std::nullopt;
  size_t at = kRows.find("\n" + std::string(name) + "\t");
  if (at == kRows.npos) return std::nullopt;
  std::string_view row = kRows.substr(at + 1, kRows.find('\n', at + 1) - at - 1);
  char kind = row[name.size() + 1];
  std::string_view home = row.size() > name.size() + 3 ? row.substr(name.size() + 3) : "core";
  return KnownOption{row.substr(0, name.size()),
                     kind == 'f'   ? ArgumentKind::kFlag
                     : kind == 'v' ? ArgumentKind::kValue
                                   : ArgumentKind::kOptional,
                     home};
}

std::string nearest_option(std::string_view wrong, std::span<const std::string> extra) {
  std::string spelt(wrong);
  std::replace(spelt.begin(), spelt.end(), '_', '-');
  // Short names are near to everything: one edit in four characters, at most three in all.
  size_t too_far = std::min<size_t>((spelt.size() + 1) / 4, 3) + 1;
  std::string_view best;
  auto consider = [&](std::string_view name) {
    size_t distance = edit_distance(spelt, name, too_far);
    if (distance >= too_far) return;
    too_far = distance;
    best = name;
  };
  for (const std::string &name : extra) consider(name);
  for (size_t begin = 1; begin < kRows.size(); begin = kRows.find('\n', begin) + 1)
    consider(name_of(kRows.substr(begin)));
  // What was left out in front: worker-lifetime.
  for (size_t begin = 1; best.empty() && spelt.find('-') != spelt.npos && begin < kRows.size();
       begin = kRows.find('\n', begin) + 1)
    if (name_of(kRows.substr(begin)).ends_with("-" + spelt)) best = name_of(kRows.substr(begin));
  return std::string(best);
}

}  // namespace mortise
