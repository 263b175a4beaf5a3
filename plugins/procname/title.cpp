#include "title.h"

#include <uwsgi.h>

#include <sys/prctl.h>

namespace mortise::procname {

void set_spaced_prefix(char *, char *value, void *) {
  titles.prefix = uwsgi_concat2(value, " ");
}

std::string role_of_child() {
  char role[16] = {};
  if (prctl(PR_GET_NAME, role) || !*role) return "process";
  const std::string name = role;
  return name == "http" || name == "mule" ? name + " 1" : name;
}

void set_title(const std::string &role) {
  const Titles &set = titles;
  const char *all = uwsgi.procname, *of_master = uwsgi.procname_master;
  if (!set.automatic && !all && !of_master && !set.prefix && !set.suffix) return;
  bool master = role == "master";
  if (!set.automatic && !all && !(master && of_master) && !set.prefix && !set.suffix) return;
  std::string name = master && of_master ? of_master : all ? all : "mortise " + role;
  name = (set.prefix ? set.prefix : "") + name + (set.suffix ? set.suffix : "");
  uwsgi_set_processname(name.c_str());
}

}  // namespace mortise::procname
