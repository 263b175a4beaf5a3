#include "loggers.h"

#include <string>

namespace mortise::logging {

namespace {

uwsgi_logger *find_kind(std::string_view name) {
  for (uwsgi_logger *kind = uwsgi.loggers; kind; kind = kind->next)
    if (name == kind->name) return kind;
  return nullptr;
}

char *copy(std::string_view text) {
  return uwsgi_strncopy(text.data(), static_cast<int>(text.size()));
}

std::string kinds() {
  std::string names;
  for (uwsgi_logger *kind = uwsgi.loggers; kind; kind = kind->next)
    names += (names.empty() ? "" : ", ") + std::string(kind->name);
  return names;
}

}  // namespace

LoggerSpec parse_logger(std::string_view text) {
  LoggerSpec spec;
  size_t space = text.find(' ');
  if (space != text.npos && space > 0 && text.substr(0, space).find_first_of(":/,=") == text.npos) {
    spec.id = text.substr(0, space);
    text.remove_prefix(space);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  size_t colon = text.find(':');
  spec.name = text.substr(0, colon);
  spec.has_arg = colon != text.npos;
  if (spec.has_arg) spec.arg = text.substr(colon + 1);
  return spec;
}

bool make_loggers(const uwsgi_string_list *options, std::vector<uwsgi_logger *> &made) {
  for (const uwsgi_string_list *option = options; option; option = option->next) {
    LoggerSpec spec = parse_logger(option->value);
    const uwsgi_logger *kind = find_kind(spec.name);
    if (!kind) {
      uwsgi_log("logger '%s': there is no logger '%.*s' (there are: %s)\n", option->value,
                static_cast<int>(spec.name.size()), spec.name.data(), kinds().c_str());
      return false;
    }
    auto *logger = static_cast<uwsgi_logger *>(uwsgi_calloc(sizeof(uwsgi_logger)));
    logger->name = kind->name;
    logger->func = kind->func;
    logger->fd = -1;
    if (!spec.id.empty()) logger->id = copy(spec.id);
    if (spec.has_arg) logger->arg = copy(spec.arg);
    made.push_back(logger);
  }
  return true;
}

void list_loggers() {
  for (uwsgi_logger *kind = uwsgi.loggers; kind; kind = kind->next) uwsgi_log("logger: %s\n", kind->name);
}

}  // namespace mortise::logging

extern "C" uwsgi_logger *uwsgi_register_logger(const char *name,
                                               ssize_t (*func)(uwsgi_logger *, char *, size_t)) {
  using mortise::logging::find_kind;
  uwsgi_logger *kind = find_kind(name);
  if (!kind) {
    kind = static_cast<uwsgi_logger *>(uwsgi_calloc(sizeof(uwsgi_logger)));
    kind->name = mortise::logging::copy(name);
    uwsgi_logger **end = &uwsgi.loggers;
    while (*end) end = &(*end)->next;
    *end = kind;
  }
  kind->func = func;  // the one that came last: a plugin that is loaded on purpose replaces ours
  return kind;
}
