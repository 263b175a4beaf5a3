// The hook table.
#include <uwsgi.h>

#include "clockwork.h"
#include "file_monitors.h"

namespace {

int start() {
  mortise::timers::create_file_monitors();
  return mortise::timers::start_clockwork();
}

}  // namespace

uwsgi_plugin timers_plugin = {
    .name = "timers",
    .init = start,
    .master_cycle = mortise::timers::look_at_files,
};
