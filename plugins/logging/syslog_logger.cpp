// Logger syslog: syslog(3) of this host; the argument is ident[,facility].
#include <string>

#include "loggers.h"

namespace mortise::logging {

namespace {

int facility_of(const std::string &name) {
  static constexpr struct {
    const char *name;
    int facility;
  } kFacilities[] = {{"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
                     {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
                     {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
                     {"security", LOG_AUTH}, {"syslog", LOG_SYSLOG},     {"user", LOG_USER},
                     {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0},     {"local1", LOG_LOCAL1},
                     {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},     {"local4", LOG_LOCAL4},
                     {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},     {"local7", LOG_LOCAL7}};
  for (const auto &entry : kFacilities)
    if (name == entry.name) return entry.facility;
  return LOG_DAEMON;
}

ssize_t to_syslog(uwsgi_logger *logger, char *line, size_t len) {
  if (!logger->configured) {
    logger->configured = 1;
    std::string arg = logger->arg && *logger->arg ? logger->arg : "mortise";
    size_t comma = arg.find(',');
    int facility = comma == arg.npos ? LOG_DAEMON : facility_of(arg.substr(comma + 1));
    openlog(uwsgi_str(arg.substr(0, comma).c_str()), 0, facility);  // which keeps the pointer
  }
  if (len > 0 && line[len - 1] == '\n') --len;
  syslog(LOG_INFO, "%.*s", static_cast<int>(len), line);
  return static_cast<ssize_t>(len);
}

}  // namespace

void register_syslog_logger() {
  uwsgi_register_logger("syslog", to_syslog);
}

}  // namespace mortise::logging
