// The hook table, the options, the role, and tasks that come over the uwsgi protocol.
#include <uwsgi.h>

#include "spooler_process.h"
#include "spoolers.h"
#include "task_file.h"

namespace mortise::spooler {

namespace {

#define LIST(name, help, target) \
  { name, required_argument, 0, help, uwsgi_opt_add_string_list, target, UWSGI_OPT_MASTER }
#define NUMBER(name, help, target) \
  { name, required_argument, 0, help, uwsgi_opt_set_int, target, 0 }
#define FLAG(name, help, target) \
  { name, no_argument, 0, help, uwsgi_opt_true, target, 0 }

uwsgi_option option_rows[] = {
    {"spooler", required_argument, 'Q', "run the tasks that are put into this folder",
     uwsgi_opt_add_string_list, &options.folders, UWSGI_OPT_MASTER},
    LIST("spooler-external", "a folder whose tasks another server runs", &options.external_folders),
    FLAG("spooler-ordered", "accepted: tasks run by priority and age", &options.accepted),
    FLAG("spooler-cheap", "accepted: a spooler without tasks sleeps", &options.accepted),
    {"spooler-chdir", required_argument, 0, "run tasks in this folder", uwsgi_opt_set_str, &options.chdir, 0},
    NUMBER("spooler-processes", "processes of each spooler (1)", &options.processes),
    FLAG("spooler-quiet", "no log lines of tasks", &options.quiet),
    NUMBER("spooler-max-tasks", "tasks after which a process is replaced", &options.max_tasks),
    FLAG("spooler-signal-as-task", "signals count as tasks", &options.signals_are_tasks),
    NUMBER("spooler-harakiri", "seconds that a task may take", &uwsgi.harakiri_options.spoolers),
    NUMBER("spooler-frequency", "seconds until tasks are looked for and tried again (30)",
           &options.frequency_s),
    NUMBER("spooler-freq", "same as spooler-frequency", &options.frequency_s),
    UWSGI_END_OF_OPTIONS};

#undef LIST
#undef NUMBER
#undef FLAG

int init() {
  if (!options.folders && !options.external_folders) return 0;
  if (create_spoolers()) return -1;
  if (slots_used == 0) return 0;
  const uwsgi_process_role role = {
      .name = "spooler", .instances = slots_used, .body = run_spooler, .data = nullptr, .stop_first = 0};
  return uwsgi_register_process(&role);
}

// A task from another server: the answer says whether it is stored.
int store_sent_task(wsgi_request *request) {
  char *file =
      uwsgi.spoolers ? uwsgi_spool_request(request, request->buffer, request->len, nullptr, 0) : nullptr;
  const uwsgi_header answer = {UWSGI_MODIFIER_RESPONSE, {0}, static_cast<uint8_t>(file ? 1 : 0)};
  const int result =
      uwsgi_response_write_body_do(request, reinterpret_cast<const char *>(&answer), sizeof answer);
  free(file);
  return result;
}

}  // namespace

}  // namespace mortise::spooler

using namespace mortise::spooler;

uwsgi_plugin spooler_plugin = {
    .name = "spooler",
    .modifier1 = kModifier,
    .on_load = receive_signals,
    .init = init,
    .options = option_rows,
    .request = store_sent_task,
    .master_cycle = check_deadlines,
};
