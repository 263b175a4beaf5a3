// The hook table: this plugin only has functions that others call.
#include <uwsgi.h>

extern "C" {

extern struct uwsgi_plugin forward_plugin;
struct uwsgi_plugin forward_plugin = [] {
  uwsgi_plugin plugin{};
  plugin.name = "forward";
  return plugin;
}();

}  // extern "C"
