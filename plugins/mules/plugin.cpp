// The hook table, the options and the role.
#include <uwsgi.h>

#include <algorithm>

#include "mule_process.h"
#include "roster.h"

namespace mortise::mules {

namespace {

void add_mules(char *name, char *value, void *) {
  uint16_t count = 0;
  uwsgi_opt_set_16bit(name, value, &count);
  for (; count > 0; --count) add_mule(nullptr);
}

uwsgi_option option_rows[] = {
    {"mule", optional_argument, 0, "a background process: waits for messages and signals, or runs this",
     uwsgi_opt_add_mule, nullptr, UWSGI_OPT_MASTER},
    {"mules", required_argument, 0, "this many that wait", add_mules, nullptr, UWSGI_OPT_MASTER},
    {"farm", required_argument, 0, "mules that share a queue: name:1,2,3", uwsgi_opt_add_string_list,
     &options.farms, UWSGI_OPT_MASTER},
    {"mule-harakiri", required_argument, 0, "seconds that a message may take", uwsgi_opt_set_int,
     &uwsgi.harakiri_options.mules, 0},
    {"mule-reload-mercy", required_argument, 0, "seconds that a stopping mule has (default: reload-mercy)",
     uwsgi_opt_set_int, &options.reload_mercy, 0},
    {"mule-msg-size", required_argument, 0, "bytes of messages that a queue holds", uwsgi_opt_set_int,
     &options.msg_size, 0},
    {"mule-msg-recv-size", required_argument, 0, "longest message that a mule takes (65536)",
     uwsgi_opt_set_64bit, &uwsgi.mule_msg_recv_size, 0},
    UWSGI_END_OF_OPTIONS};

int init() {
  if (create_roster()) return -1;
  if (uwsgi.mules_cnt == 0) return 0;
  // The master kills whatever stops for longer than that; a mule looks after a shorter time itself.
  uwsgi.reload_mercy = std::max(uwsgi.reload_mercy, options.reload_mercy);
  const uwsgi_process_role role = {
      .name = "mule", .instances = uwsgi.mules_cnt, .body = run_mule, .data = nullptr, .stop_first = 0};
  return uwsgi_register_process(&role);
}

}  // namespace

}  // namespace mortise::mules

using namespace mortise::mules;

uwsgi_plugin mules_plugin = {
    .name = "mules",
    .init = init,
    .options = option_rows,
    .master_cycle = check_deadlines,
};
