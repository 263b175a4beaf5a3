// What the configuration says to this plugin. Set by option callbacks in the master, read-only afterwards.
#pragma once

#include <uwsgi.h>

#include "mortise/applications.h"

namespace mortise::python {

struct Options {
  // What is served.
  char *wsgi_file = nullptr;
  char *module = nullptr;    // pkg.mod or pkg.mod:callable
  char *callable = nullptr;  // null: "application", then "app"
  char *eval = nullptr;      // code
  char *paste = nullptr;     // config:file or egg:name
  char *paste_name = nullptr;
  int paste_logger = 0;
  char *pecan = nullptr;  // a configuration file

  // The interpreter.
  char *home = nullptr;  // a virtualenv, or an installation's prefix
  char *executable = nullptr;
  char *program_name = nullptr;
  char *argv = nullptr;
  int optimize = 0;
  int no_site = 0;
  int thread_interpreters = 0;  // one for each core

  // Modules.
  uwsgi_string_list *path = nullptr;
  uwsgi_string_list *imports = nullptr;
  uwsgi_string_list *shared_imports = nullptr;
  uwsgi_string_list *spooler_imports = nullptr;
  uwsgi_string_list *early_imports = nullptr;
  uwsgi_string_list *aliases = nullptr;  // name=module
  uwsgi_string_list *post_aliases = nullptr;

  // Instead of serving.
  char *run = nullptr;
  char *test = nullptr;
  int shell = 0;
  char *shell_code = nullptr;  // null: an interactive one
  char *worker_override = nullptr;

  // While serving.
  int autoreload_seconds = 0;
  int gevent_monkey_patch = 0;
  uwsgi_string_list *autoreload_ignored = nullptr;
  char *tracebacker = nullptr;  // where its sockets begin
  int sharedarea_bytes = 0;
  int no_file_wrapper = 0;
  int accept_buffers = 0;
  int send_head_at_once = 0;

  int accepted = 0;  // options that ask for what is always so
  char *accepted_text = nullptr;
};
inline constinit Options options;

// What the options say that hold for all languages (plugin applications); nothing where none was given. [once
// the configuration was read]
const uwsgi_application_options &common_options();

}  // namespace mortise::python
