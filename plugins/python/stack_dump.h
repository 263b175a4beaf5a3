// The Python stacks of all threads of this process, for the log and for --py-tracebacker.
#pragma once

namespace mortise::python {

// Writes them to fd without the GIL: async-signal-safe calls only, at the price of reading what other threads
// may be changing. [any thread, signal handlers]
void dump_stacks_async_safe(int fd);

// Makes that possible; before, and in a forked process until it is called again, nothing is written. [before
// applications are loaded, and in each worker, mule, spooler]
void prepare_stack_dump();

// Has them dumped when a request hangs (harakiri), where the server can ask for that. [master]
void register_stack_dumper();

// Starts the thread that writes them to whoever connects to this worker's socket, where --py-tracebacker asks
// for it. [worker]
void start_tracebacker();

}  // namespace mortise::python
