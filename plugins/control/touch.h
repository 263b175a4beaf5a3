// touch-* options: files whose change means something.
#pragma once

namespace mortise::control {

// Option callback; data is the function to call with the file's path when it changes.
void add_touch(char *name, char *path, void *what);
void reload_all();
void replace_workers();
void replace_mules();
void replace_spoolers();

// [master] At most a few times a second, whatever calls it.
void look_at_touched_files();

}  // namespace mortise::control
