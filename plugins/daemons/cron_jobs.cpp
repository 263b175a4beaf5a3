#include "cron_jobs.h"

#include <string>

#include "cron_time.h"
#include "cron_watcher.h"
#include "registry.h"

namespace mortise::daemons {

namespace {

uwsgi_cron *add(const CronTime &time, const char *command) {
  auto *cron = static_cast<uwsgi_cron *>(uwsgi_calloc_shared(sizeof(uwsgi_cron)));
  cron->minute = time.minute;
  cron->hour = time.hour;
  cron->day = time.day;
  cron->month = time.month;
  cron->week = time.week;
  cron->command = uwsgi_str(command);
  cron->pid = -1;
  cron_jobs().push_back({cron});
  return cron;
}

void set_field(const char *name, const char *value, const char *text, int least, int most, int &field) {
  if (!text) return;
  auto number = parse_field(text, least, most);
  if (!number) refuse(name, value, "a time is out of range");
  field = *number;
}

}  // namespace

void add_cron(char *name, char *value, void *unique) {
  auto line = parse_cron_line(value ? value : "");
  if (!line)
    refuse(name, value, "it must be minute, hour, day, month, weekday (numbers, -1 for any) and a command");
  add(line->time, line->command.c_str())->unique = unique != nullptr;
}

void add_cron_for_legion(char *name, char *value, void *unique) {
  std::string text = value ? value : "";
  size_t space = text.find(' ');
  if (space == text.npos) refuse(name, value, "it must begin with the name of a legion");
  add_cron(name, value + space + 1, unique);
  cron_jobs().back().shared->legion = uwsgi_str(text.substr(0, space).c_str());
}

void add_cron2(char *name, char *value, void *) {
  std::string text = value ? value : "";
  size_t space = text.find(' ');
  std::string keys = text.substr(0, space);
  bool has_keys = keys.find('=') != keys.npos;
  if (!has_keys) space = 0;
  if (text.empty() || space == text.npos) refuse(name, value, "there is no command");
  char *minute = nullptr, *hour = nullptr, *day = nullptr, *month = nullptr, *week = nullptr,
       *unique = nullptr, *harakiri = nullptr, *mercy = nullptr, *legion = nullptr;
  if (has_keys &&
      uwsgi_kvlist_parse_strict(keys.c_str(), keys.size(), ',', '=', "minute", &minute, "hour", &hour, "day",
                                &day, "month", &month, "week", &week, "unique", &unique, "harakiri",
                                &harakiri, "mercy", &mercy, "legion", &legion, nullptr))
    refuse(name, value,
           "unknown key (there are: minute, hour, day, month, week, unique, harakiri, mercy, legion)");
  CronTime time;
  set_field(name, value, minute, 0, 59, time.minute);
  set_field(name, value, hour, 0, 23, time.hour);
  set_field(name, value, day, 1, 31, time.day);
  set_field(name, value, month, 1, 12, time.month);
  set_field(name, value, week, 0, 7, time.week);
  size_t command = text.find_first_not_of(' ', space);
  uwsgi_cron *cron = add(time, text.c_str() + command);
  cron->unique = unique && strcmp(unique, "0") != 0;
  cron->harakiri = harakiri ? strtoull(harakiri, nullptr, 10) : 0;
  cron->mercy = mercy ? strtoull(mercy, nullptr, 10) : 0;
  cron->legion = legion;
}

void run_due_jobs(time_t now) {
  tm local{};
  localtime_r(&now, &local);
  for (CronJob &job : cron_jobs()) {
    uwsgi_cron &cron = *job.shared;
    if (cron.last_job / 60 == now / 60) continue;
    if (!matches({cron.minute, cron.hour, cron.day, cron.month, cron.week}, local)) continue;
    cron.last_job = now;
    if (!is_lord_of(cron.legion ? cron.legion : "")) continue;
    start_watched(cron, now);
  }
}

void pass_over_this_minute(time_t now) {
  for (CronJob &job : cron_jobs())
    if (job.shared->last_job == 0) job.shared->last_job = now;
}

}  // namespace mortise::daemons

extern "C" uwsgi_cron *uwsgi_cron_add(char *crontab) {
  char name[] = "cron";
  mortise::daemons::add_cron(name, crontab, nullptr);
  return mortise::daemons::cron_jobs().back().shared;
}
