#include "chain.h"

#include <algorithm>

#include "board.h"
#include "logger_process.h"

namespace mortise::logging {

namespace {

bool compile_all(const uwsgi_string_list *texts, std::vector<Pattern> &patterns) {
  for (; texts; texts = texts->next)
    if (!patterns.emplace_back().compile(texts->value)) return false;
  return true;
}

bool any_matches(const std::vector<Pattern> &patterns, std::string_view line) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Pattern &each) { return each.matches(line); });
}

uwsgi_logger *find_named(const std::vector<uwsgi_logger *> &loggers, std::string_view id) {
  for (uwsgi_logger *logger : loggers)
    if (logger->id && id == logger->id) return logger;
  return nullptr;
}

std::string ids_of(const std::vector<uwsgi_logger *> &loggers) {
  std::string ids;
  for (uwsgi_logger *logger : loggers)
    if (logger->id) ids += (ids.empty() ? "" : ", ") + std::string(logger->id);
  return ids.empty() ? "none" : ids;
}

std::vector<void (*)(const char *, size_t)> &watchers() {
  static std::vector<void (*)(const char *, size_t)> functions;
  return functions;
}

}  // namespace

bool Chain::configure(const ChainOptions &options, std::vector<uwsgi_logger *> &named) {
  if (!make_loggers(options.loggers, loggers_) || !make_encoders(options.encoders, encoders_)) return false;
  named.insert(named.end(), loggers_.begin(), loggers_.end());
  for (const uwsgi_string_list *route = options.routes; route; route = route->next) {
    std::string_view text = route->value;
    size_t space = text.find(' ');
    uwsgi_logger *logger = find_named(named, text.substr(0, space));
    if (!logger || space == text.npos) {
      uwsgi_log(
          "log route '%s': it must be the id of a logger and a pattern (ids: %s; logger = ID name:arg)\n",
          route->value, ids_of(named).c_str());
      return false;
    }
    routes_.push_back({logger, {}});
    if (!routes_.back().pattern.compile(route->value + space + 1)) return false;
  }
  return compile_all(options.drain, drain_) && compile_all(options.filter, filter_);
}

void Chain::write(std::string_view line) {
  if (any_matches(drain_, line) || (!filter_.empty() && !any_matches(filter_, line))) return;
  bool routed = false;
  for (const Route &route : routes_) {
    if (!route.pattern.matches(line)) continue;
    deliver(route.logger, line);
    routed = true;
  }
  if (routed) return;
  bool taken = false;
  for (uwsgi_logger *logger : loggers_) {
    if (logger->id) continue;  // those with a name get what is routed to them
    deliver(logger, line);
    taken = true;
  }
  if (!taken) deliver(nullptr, line);
}

bool Chain::give(uwsgi_logger *logger, std::string_view line) {
  std::string encoded;
  if (!encode(encoders_, logger, line, encoded)) return true;
  errno = 0;
  if (!logger) return default_ && default_(encoded);
  return logger->func(logger, encoded.data(), encoded.size()) >= 0;
}

void Chain::deliver(uwsgi_logger *logger, std::string_view line) {
  Loss &loss = losses_[logger];
  if (!give(logger, line)) {
    ++loss.lines;
    loss.error = errno;
    return;
  }
  if (loss.lines == 0) return;
  std::string notice = "log: " + std::to_string(loss.lines) +
                       " lines were lost: " + (loss.error ? strerror(loss.error) : "they were not taken") +
                       " (the log is written again)\n";
  if (give(logger, notice)) loss = {};
}

void Chain::tell_lost(uint64_t lines, const char *why) {
  write("log: " + std::to_string(lines) + " lines were lost: " + why + " (the log is written again)\n");
}

void call_watchers(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  for (auto func : watchers()) func(line.data(), line.size());
}

bool has_watchers() {
  return !watchers().empty();
}

}  // namespace mortise::logging

extern "C" void uwsgi_log_watch(void (*func)(const char *line, size_t len)) {
  mortise::logging::watchers().push_back(func);
  // Behind our own start: there may have been no need for a process until now.
  if (mortise::logging::board()) mortise::logging::prepare_logger_process();
}
