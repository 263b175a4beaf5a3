// The actions that there are: uwsgi_register_hook(), and ours, each group in a file of its own.
#pragma once

#include <uwsgi.h>

#include <string>
#include <string_view>
#include <vector>

namespace mortise::hooks {

// Registers an action. harmless: it also runs in the trial of a reload, where nothing may be changed that the
// running server owns.
void add_action(const char *name, int (*func)(char *args), bool harmless = false);

void add_file_actions();
void add_process_actions();
void add_mount_actions();
void add_waiting_actions();

extern int waiting_seconds;  // of the actions wait_for_…
bool is_mount_point(const char *path);

// The master has no children any more, so that its actions may wait for commands again.
extern bool at_the_end;

// Words of the arguments, at most so many; the last one has all the rest.
std::vector<std::string> split_words(std::string_view args, size_t most);

// Logs why an action failed, with errno: -1.
int failed(const char *what, std::string_view object);

}  // namespace mortise::hooks
