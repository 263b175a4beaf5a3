#include "line_template.h"

#include <ctime>

#include "escape.h"

namespace mortise::logging {

namespace {

constexpr std::string_view kStrftime = "strftime:";

bool parse_variable(std::string_view name, LineTemplate::Piece &piece) {
  using Part = LineTemplate::Part;
  piece.text.clear();
  if (name == "msg") return piece.part = Part::kMessage, true;
  if (name == "msgnl") return piece.part = Part::kMessageWithNewline, true;
  if (name == "unix") return piece.part = Part::kSeconds, true;
  if (name == "micros") return piece.part = Part::kMicroseconds, true;
  if (!name.starts_with(kStrftime)) return false;
  piece = {Part::kStrftime, std::string(name.substr(kStrftime.size()))};
  return true;
}

}  // namespace

LineTemplate parse_template(std::string_view text) {
  LineTemplate parsed;
  auto literal = [&](std::string_view part) {
    if (part.empty()) return;
    bool append = !parsed.pieces.empty() && parsed.pieces.back().part == LineTemplate::Part::kText;
    if (!append) parsed.pieces.push_back({LineTemplate::Part::kText, {}});
    parsed.pieces.back().text += part;
  };
  while (!text.empty()) {
    size_t begin = text.find("${"), end = begin == text.npos ? begin : text.find('}', begin);
    literal(text.substr(0, end == text.npos ? text.npos : begin));
    if (end == text.npos) break;
    LineTemplate::Piece piece{};
    if (parse_variable(text.substr(begin + 2, end - begin - 2), piece)) {
      parsed.pieces.push_back(piece);
    } else {
      literal(text.substr(begin, end + 1 - begin));
    }
    text.remove_prefix(end + 1);
  }
  return parsed;
}

std::string fill_template(const LineTemplate &wanted, std::string_view line, uint64_t now_us, bool json) {
  using Part = LineTemplate::Part;
  std::string_view bare = line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
  std::string out;
  auto insert = [&](std::string_view text) {
    append_escaped(out, text, json ? Escape::kJson : Escape::kNone);
  };
  for (const LineTemplate::Piece &piece : wanted.pieces) {
    if (piece.part == Part::kText) out += piece.text;
    if (piece.part == Part::kMessage) insert(bare);
    if (piece.part == Part::kMessageWithNewline) insert(line);
    if (piece.part == Part::kSeconds) out += std::to_string(now_us / 1000000);
    if (piece.part == Part::kMicroseconds) out += std::to_string(now_us);
    if (piece.part == Part::kStrftime) {
      char date[256];
      time_t now = static_cast<time_t>(now_us / 1000000);
      tm local{};
      localtime_r(&now, &local);
      insert({date, strftime(date, sizeof date, piece.text.c_str(), &local)});
    }
  }
  return out;
}

}  // namespace mortise::logging
