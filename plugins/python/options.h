// What the configuration says to this plugin. Set by option callbacks in the master, read-only afterwards.
#pragma once

#include <uwsgi.h>

namespace mortise::python {

struct Options {
  char *wsgi_file = nullptr;
  char *module = nullptr;    // pkg.mod or pkg.mod:callable
  char *callable = nullptr;  // null: "application", then "app"
  char *home = nullptr;      // a virtualenv, or an installation's prefix
  char *executable = nullptr;
  char *argv = nullptr;
  uwsgi_string_list *path = nullptr;
  uwsgi_string_list *imports = nullptr;
  uwsgi_string_list *shared_imports = nullptr;
  uwsgi_string_list *mounts = nullptr;
  int optimize = 0;
  int thread_interpreters = 0;  // one for each core
  int no_site = 0;
  int no_file_wrapper = 0;
  int accepted = 0;  // options that ask for what is always so
  char *accepted_text = nullptr;
};
inline constinit Options options;

}  // namespace mortise::python
