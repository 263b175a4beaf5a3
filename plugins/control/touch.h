// touch-* options: files whose change means something.
#pragma once

namespace mortise::control {

// Option callback; data is the function to call with the file's path when it changes.
void add_touch(char *name, char *path, void *what);
// False: not yet, one of them is only being started.
bool reload_all();
bool replace_workers();
bool replace_mules();
bool replace_spoolers();

// [master] At most a few times a second, whatever calls it.
void look_at_touched_files();

}  // namespace mortise::control
