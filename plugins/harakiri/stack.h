// Stacks of a worker's threads, written to the log by the threads themselves in a signal handler.
#pragma once

struct wsgi_request;

namespace mortise::harakiri {

// [worker, once] Installs the handler.
void prepare_stacks();
// [watchdog] The request that the thread of this core is at, NULL where it does not say.
wsgi_request *request_of(int core);
// [watchdog] Of the thread that runs this core, then those of languages; with harakiri-verbose of all
// threads.
void dump_stack(int core);

// Also owned here: uwsgi_register_stack_dumper(), uwsgi_dump_language_stacks().

}  // namespace mortise::harakiri
