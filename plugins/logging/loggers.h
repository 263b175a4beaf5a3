// The kinds of loggers that there are (uwsgi_register_logger) and the ones that the configuration asks for.
#pragma once

#include <uwsgi.h>

#include <string_view>
#include <vector>

namespace mortise::logging {

// `[id ]name[:arg]`, with views into the text.
struct LoggerSpec {
  std::string_view id, name, arg;
  bool has_arg = false;
};
LoggerSpec parse_logger(std::string_view text);

// Instances of a list of `logger` options, in order; what they are made of lives for ever. False, and the log
// says why, when a kind is not known.
bool make_loggers(const uwsgi_string_list *options, std::vector<uwsgi_logger *> &made);

// Our own kinds, each in a file of its name.
void register_file_loggers();
void register_datagram_loggers();
void register_syslog_logger();
void register_pipe_logger();
void register_redis_logger();

// Opens what these options name as files, for the logger process to have. [master, before privileges are
// dropped]
void open_logger_files(const uwsgi_string_list *options);

// Files of loggers that are ours: [logger process]
void reopen_logger_files();
void rotate_logger_files();

void list_loggers();

}  // namespace mortise::logging
