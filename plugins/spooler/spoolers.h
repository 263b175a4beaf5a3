// The spoolers of this server, and those of others into whose folders it puts tasks: uwsgi.spoolers.
#pragma once

#include <uwsgi.h>

namespace mortise::spooler {

struct Options {
  uwsgi_string_list *folders = nullptr, *external_folders = nullptr;
  char *chdir = nullptr;
  int processes = 1;  // of each spooler
  int quiet = 0;
  int max_tasks = 0;
  int frequency_s = 30;
  int signals_are_tasks = 0;
  int accepted = 0;  // of options that are always so
};
extern Options options;

// One process of a spooler, in shared memory.
struct Slot {
  uwsgi_spooler *spooler;
  pid_t pid;
  time_t deadline;  // seconds since 1970; 0: none
};
extern Slot *slots;
extern int slots_used;

constexpr int kExternal = 1;  // uwsgi_spooler.mode: somebody else runs its tasks

// Makes folders and shared state: 0, or -1 and the log says why. [init]
int create_spoolers();

// Seconds until tasks are looked for and tried again, as the configuration or an application says. [any]
int frequency_s();

// Tells the processes of a spooler to look into their folder. [any]
void wake(const uwsgi_spooler *);
// What becomes readable then. [spooler]
int wake_fd(const uwsgi_spooler *);

// Makes "spooler" a receiver of signals. [load]
void receive_signals();

}  // namespace mortise::spooler
