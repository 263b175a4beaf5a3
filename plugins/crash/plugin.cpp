// The hook table and the option: processes that crash say what they were at.
#include <uwsgi.h>

#include "alternate_stack.h"
#include "handler.h"
#include "report.h"

namespace {

using namespace mortise::crash;

int silent = 0;

uwsgi_option table[] = {
    {"no-crash-report", no_argument, 0,
     "processes that crash do not log what they were at, with their stacks", uwsgi_opt_true, &silent, 0},
    UWSGI_END_OF_OPTIONS};

// In the master, before the server looks out for crashes of init hooks: all other processes inherit it.
void start() {
  if (silent) return;
  use_alternate_stack();
  prepare_report();
  watch_crashes();
}

void start_core(int) {
  if (!silent) use_alternate_stack();
}

}  // namespace

uwsgi_plugin crash_plugin = {
    .name = "crash",
    .post_init = find_languages,
    .options = table,
    .init_thread = start_core,
    .before_privileges_drop = start,
};
