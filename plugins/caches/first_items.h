// What is in the caches from the start: items of the configuration, files, the items of other servers.
#pragma once

#include <uwsgi.h>

namespace mortise::caches {

struct FirstItems {
  uwsgi_string_list *items = nullptr;  // "[cache] key=value"
  uwsgi_string_list *files = nullptr;  // "[cache] path"
  uwsgi_string_list *gzip_files = nullptr;
};
extern FirstItems first_items;

// 0, or -1 and the log says why. [init, after the caches were made]
int add_first_items();

}  // namespace mortise::caches
