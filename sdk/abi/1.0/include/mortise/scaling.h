/* How many workers there are. Provider: plugins/cheaper, loaded by itself with `cheaper` options or when a
 * plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_cheaper_algo {
  char *name;
  int (*func)(int can_spawn);
  struct uwsgi_cheaper_algo *next;
};
/* [load] Makes `cheaper-algo = name` possible. func is called in the master once a second; can_spawn is 0
 * while no worker may be added. It returns how many workers to add, a negative number to take one away, 0 to
 * leave it. */
UWSGI_API void uwsgi_register_cheaper_algo(const char *name, int (*func)(int can_spawn));

#ifdef __cplusplus
}
#endif
