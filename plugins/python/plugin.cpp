// The hook table: a constant, which the server reads from the file before any code runs.
#include "application.h"
#include "application_source.h"
#include "autoreload.h"
#include "background.h"
#include "core_interpreters.h"
#include "engine_interface.h"
#include "exception_hooks.h"
#include "fork_hooks.h"
#include "gevent_loop.h"
#include "option_table.h"
#include "options.h"
#include "program.h"
#include "provided_functions.h"
#include "request.h"
#include "shutdown.h"
#include "stack_dump.h"
#include "startup.h"
#include "thread_names.h"
#include "user_signals.h"
#include "uwsgi_rpc.h"

#include <uwsgi.h>

#include <mortise/lifecycle.h>

namespace mortise::python {

namespace {

// Functions of these plugins always exist in uWSGI, so they come along. A server without them is no error
// until somebody adds a timer or sets a deadline.
void on_load() {
  register_gevent_loop();
  uwsgi_register_thread_names(name_of_python_thread);
  constexpr struct {
    const char *plugin, *function;
  } kAlways[] = {{"timers", "uwsgi_add_timer"}, {"harakiri", "set_harakiri"}};
  for (auto [plugin, function] : kAlways)
    if (!uwsgi_plugin_get(plugin)) load_plugin_if_there(plugin, function);
}

void before_applications() {
  prepare_stack_dump();  // for crashes of what applications import
  monkey_patch();
  load_shared_imports();
}

void prepare_worker() {
  run_worker_override();
  create_core_interpreters();
  run_postfork_hooks();
  prepare_stack_dump();
  start_autoreload();
  start_tracebacker();
}

}  // namespace

}  // namespace mortise::python

using namespace mortise::python;

uwsgi_plugin python_plugin = {
    .name = "python",
    .alias = "python3",
    .modifier1 = 0,
    .on_load = on_load,
    .init = start_interpreter,
    .post_init = run_program_instead,
    .post_fork = after_server_fork,
    .options = option_table,
    .init_thread = adopt_core_thread,
    .request = serve_request,
    .preinit_apps = before_applications,
    .init_apps = load_configured_application,
    .postinit_apps = run_late_imports,
    .fixup = prepare_worker,
    .mount_app = mount_application,
    .suspend = suspend_coroutine,
    .resume = resume_coroutine,
    .spooler_init = start_spooler,
    .atexit = run_python_exit,
    .magic = accept_bare_argument,
    .signal_handler = run_signal_handler,
    .spooler = run_task,
    .rpc = answer_rpc,
    .mule = run_mule,
    .mule_msg = handle_mule_message,
    .backtrace = exception_backtrace,
    .exception_class = exception_class,
    .exception_msg = exception_text,
    .exception_repr = exception_repr,
    .pre_uwsgi_fork = before_fork,
    .post_uwsgi_fork = after_fork,
};
