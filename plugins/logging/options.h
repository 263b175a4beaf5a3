// What was asked for; written by option callbacks in the master, read afterwards by everybody.
#pragma once

#include <uwsgi.h>

namespace mortise::logging {

struct Options {
  // Where lines go.
  char *logto;
  char *logto2;
  uwsgi_string_list *loggers;
  uwsgi_string_list *request_loggers;
  uwsgi_string_list *routes;
  uwsgi_string_list *request_routes;
  uwsgi_string_list *drain;
  uwsgi_string_list *filter;
  int master;  // any option that needs a process that owns the log
  int truncate;
  uint64_t max_size;
  char *backup_name;
  char *chown;
  char *chmod;
  uwsgi_string_list *touch_reopen;
  uwsgi_string_list *touch_rotate;

  // What they look like.
  uwsgi_string_list *encoders;
  uwsgi_string_list *request_encoders;
  char *format;
  int format_strftime;
  int format_escape;
  int date_given;
  char *date;
  char *prefix;
  int micros;
  int forwarded_for;

  int list_loggers;
  int list_encoders;
};
extern Options options;

}  // namespace mortise::logging
