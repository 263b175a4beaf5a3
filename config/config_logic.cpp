#include "config/config_logic.h"

#include <algorithm>

#include "config/option_value.h"

namespace mortise {

namespace {

constexpr long kMaxTimes = 10000;

bool is_loop(std::string_view key) {
  return key == "for" || key == "for-glob" || key == "for-readline" || key == "for-times";
}

Block::Passes split(std::string_view text, std::string_view separators) {
  Block::Passes words;
  for (size_t begin = 0; (begin = text.find_first_not_of(separators, begin)) != text.npos;) {
    size_t end = std::min(text.find_first_of(separators, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

Result<Block::Passes> loop_passes(std::string_view key, const std::string &argument, ConfigHost &host) {
  if (key == "for") return split(argument, " \t");
  Block::Passes passes;
  if (key == "for-glob") {
    for (std::string &path : host.glob(argument)) passes.emplace_back(std::move(path));
  } else if (key == "for-readline") {
    auto text = host.read_file(argument);
    if (!text) return text.error();
    return split(*text, "\r\n");
  } else {
    auto times = parse_number(key, argument);
    if (!times) return times.error();
    if (*times > kMaxTimes)
      return Error{
          "for-times = " + argument, "more than " + std::to_string(kMaxTimes) + " times", {}, kExitConfig};
    for (long i = 1; i <= *times; ++i) passes.emplace_back(std::to_string(i));
  }
  return passes;
}

}  // namespace

bool opens_block(std::string_view key) {
  return is_loop(key) || key.starts_with("if-");
}

bool closes_block(std::string_view key) {
  return key == "endif" || key == "end-if" || key == "endfor" || key == "end-for";
}

Result<Block> open_block(std::string_view key, const std::string &argument, ConfigHost &host,
                         const GivenValues &given) {
  if (is_loop(key)) {
    auto passes = loop_passes(key, argument, host);
    if (!passes) return passes.error();
    return Block{std::move(*passes), {}};
  }
  bool negated = key.starts_with("if-not-");
  std::string_view subject = key.substr(negated ? 7 : 3);
  std::optional<std::string> context = argument;
  bool holds = false;
  size_t equals = argument.find('=');
  std::string name = argument.substr(0, equals);
  auto is_asked = [&](const std::string &value) {
    return equals == argument.npos || value == argument.substr(equals + 1);
  };
  if (subject == "env") {
    context = host.environment(name);
    holds = context && is_asked(*context);
  } else if (subject == "opt") {
    auto values = given(name);
    context = values.empty() ? std::nullopt : std::optional(values.front());
    holds = std::any_of(values.begin(), values.end(), is_asked);
  } else if (subject == "exists") {
    holds = host.path_kind(argument) != PathKind::kAbsent;
  } else if (subject == "file") {
    holds = host.path_kind(argument) == PathKind::kFile;
  } else if (subject == "dir" || subject == "directory") {
    holds = host.path_kind(argument) == PathKind::kFolder;
  } else if (subject == "plugin") {
    for (const char *option : {"plugin", "plugins", "need-plugin", "need-plugins"})
      for (const std::string &names : given(option))
        for (const auto &plugin : split(names, ", ")) holds |= *plugin == argument;
  } else if (subject == "hostname") {
    holds = host.fact('h') == argument;
  } else if (subject == "reload") {
    holds = host.environment("UWSGI_RELOADS").has_value();
    context.reset();
  } else {
    return Error{std::string(key), "there is no such condition",
                 "there are if-env, if-opt, if-exists, if-file, if-dir, if-plugin, if-hostname, if-reload "
                 "and if-not-…",
                 kExitConfig};
  }
  Block block{{context}, {}};
  if (holds == negated) std::swap(block.passes, block.passes_of_else);
  return block;
}

}  // namespace mortise
