// Loggers file, fd, stdio and stdout.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "log_file.h"
#include "loggers.h"
#include "options.h"

namespace mortise::logging {

namespace {

// Of this process; they live as long as it.
std::vector<LogFile *> &open_files() {
  static std::vector<LogFile *> files;
  return files;
}

LogFileOptions options_of(const char *arg) {
  LogFileOptions wanted;
  wanted.path = arg;
  if (strchr(arg, '=')) {
    char *path = nullptr, *backup = nullptr, *max_size = nullptr;
    if (uwsgi_kvlist_parse_strict(arg, strlen(arg), ',', '=', "logfile", &path, "backupname", &backup,
                                  "maxsize", &max_size, nullptr))
      uwsgi_log("logger file:%s: unknown key (there are: logfile, backupname, maxsize)\n", arg);
    wanted.path = path ? path : "";
    wanted.backup_name = backup ? backup : "";
    wanted.max_size = max_size ? strtoull(max_size, nullptr, 10) : 0;
    for (char *text : {path, backup, max_size}) free(text);
  }
  return wanted;
}

// Files that were opened before privileges were dropped, for the loggers that have them.
std::map<std::string, LogFile *> &opened_early() {
  static std::map<std::string, LogFile *> files;
  return files;
}

LogFile *make_file(const char *arg) {
  LogFile *&early = opened_early()[arg];
  auto *file = early ? early : new LogFile(options_of(arg));
  open_files().push_back(file);
  if (early) return file;
  if (!file->open())
    uwsgi_log("logger file:%s: open: %s (tried again with each line)\n", arg, strerror(errno));
  return file;
}

ssize_t to_file(uwsgi_logger *logger, char *line, size_t len) {
  if (!logger->configured) {
    logger->configured = 1;
    if (logger->arg && *logger->arg)
      logger->data = make_file(logger->arg);
    else
      uwsgi_log("logger file: it needs a path (logger = file:/path)\n");
  }
  if (!logger->data) return 0;
  auto *file = static_cast<LogFile *>(logger->data);
  bool done = file->append({line, len});
  logger->fd = file->fd();
  return done ? static_cast<ssize_t>(len) : -1;
}

ssize_t to_fd(uwsgi_logger *logger, char *line, size_t len) {
  if (!logger->configured) logger->fd = logger->arg ? atoi(logger->arg) : -1;
  logger->configured = 1;
  // Ours are the log's own pipe in other processes; in this one they are what the server was started with.
  return logger->fd < 0 ? 0 : write(logger->fd, line, len);
}

ssize_t to_original(uwsgi_logger *, char *line, size_t len) {
  return uwsgi.original_log_fd < 0 ? 0 : write(uwsgi.original_log_fd, line, len);
}

ssize_t to_stdout(uwsgi_logger *, char *line, size_t len) {
  return write(STDOUT_FILENO, line, len);
}

}  // namespace

void register_file_loggers() {
  uwsgi_register_logger("file", to_file);
  uwsgi_register_logger("fd", to_fd);
  uwsgi_register_logger("stdio", to_original);
  uwsgi_register_logger("stdout", to_stdout);
}

void open_logger_files(const uwsgi_string_list *loggers) {
  for (; loggers; loggers = loggers->next) {
    const LoggerSpec spec = parse_logger(loggers->value);
    if (spec.name != "file" || spec.arg.empty()) continue;
    const std::string arg(spec.arg);
    LogFile *&file = opened_early()[arg];
    if (!file) file = new LogFile(options_of(arg.c_str()));
    file->open();
  }
}

void reopen_logger_files() {
  for (LogFile *file : open_files()) file->reopen();
}

void rotate_logger_files() {
  for (LogFile *file : open_files()) file->rotate();
}

}  // namespace mortise::logging
