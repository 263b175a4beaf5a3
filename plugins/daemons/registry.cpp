#include "registry.h"

#include <uwsgi.h>

namespace mortise::daemons {

int honour_stdin = 0;
int cron_harakiri = 0;

std::vector<Daemon> &daemons() {
  static std::vector<Daemon> all;
  return all;
}

std::vector<CronJob> &cron_jobs() {
  static std::vector<CronJob> all;
  return all;
}

bool is_lord_of(const std::string &legion) {
  if (legion.empty()) return true;
  auto ask = reinterpret_cast<int (*)(char *)>(dlsym(RTLD_DEFAULT, "uwsgi_legion_i_am_the_lord"));
  return !ask || ask(const_cast<char *>(legion.c_str()));
}

void refuse(const char *option, const char *value, const char *why) {
  uwsgi_log("option '%s = %s': %s\n", option, value ? value : "", why);
  uwsgi_exit(64);
}

}  // namespace mortise::daemons
