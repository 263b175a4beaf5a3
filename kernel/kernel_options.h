// The kernel's own option table: the same struct uwsgi_option that plugins have.
#pragma once

#include <uwsgi.h>

namespace mortise {

// What the kernel's options set beyond `uwsgi` and the structures of their owners.
struct ServerSettings {
  uwsgi_string_list *environment = nullptr;
  uwsgi_string_list *unset_environment = nullptr;
  uwsgi_string_list *shared_sockets = nullptr;
  uwsgi_string_list *mime_files = nullptr;
  char *chdir = nullptr;
  int umask = -1;  // -1: as it is
  int strict = 0;
  int show_config = 0;
  int max_fd = 0;
};
ServerSettings &settings();

// Ends with UWSGI_END_OF_OPTIONS.
uwsgi_option *kernel_options();

}  // namespace mortise
