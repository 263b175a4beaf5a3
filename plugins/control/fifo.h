// The master's named pipes: each byte written to one is a command. Slot 0 is open; a digit opens another one.
#pragma once

namespace mortise::control {

// Option callback.
void add_fifo(char *name, char *path, void *);

// [master, before the fork] 0, or -1 with a message.
int open_fifos();
// [child] It is the master's: what outlives that one must not look like a reader.
void close_fifo();
// [master, at its end]
void remove_fifos();

// Also owned here: uwsgi_fifo_set_slot(), by which other plugins give letters a meaning.

}  // namespace mortise::control
