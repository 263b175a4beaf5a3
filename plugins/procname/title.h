// What ps shows, by the options. Two of them are uwsgi.procname and procname_master, where other plugins look
// for them.
#pragma once

#include <string>

namespace mortise::procname {

struct Titles {
  int automatic = 0;
  char *prefix = nullptr, *suffix = nullptr;
};
inline Titles titles;

// Option callback.
void set_spaced_prefix(char *name, char *value, void *);

// [child] What the server called it when it forked it: "http", "mule 2". Gateways and mules have their number
// even where there is one, as in uWSGI.
std::string role_of_child();

// [any process] The name by the options; role: what this process does.
void set_title(const std::string &role);

}  // namespace mortise::procname
