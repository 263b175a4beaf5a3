/* Functions that plugins offer to each other and to other servers. Provider: plugins/calls, loaded by itself
 * when a plugin needs these symbols. */
#pragma once

#include "mortise/plugin_table.h"

#define UMAX_RPC_NAME 0xff

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_rpc {
  char name[UMAX_RPC_NAME];
  void *func;
  uint8_t args; /* how many it takes; 0: any number */
  uint8_t shared;
  struct uwsgi_plugin *plugin; /* its `rpc` hook makes the call */
};

/* [any] Registers in this process (in the master before the fork: in all workers). Again: replaces. 0, or -1
 * when the name is too long or rpc-max functions are there. */
UWSGI_API int uwsgi_register_rpc(const char *name, struct uwsgi_plugin *plugin, uint8_t args, void *func);
/* [any] Calls a function of this server. *response is malloc'ed and the caller's; returns its length, 0 where
 * there is no such function. */
UWSGI_API uint64_t uwsgi_rpc(const char *name, uint8_t argc, char *argv[], uint16_t argvs[], char **response);
/* [any] Calls one of the server at node (host:port or socket path); node NULL or "": of this one. NULL when
 * it fails; else malloc'ed, *len bytes. */
UWSGI_API char *uwsgi_do_rpc(const char *node, const char *func, uint8_t argc, char *argv[], uint16_t argvs[],
                             uint64_t *len);
/* [any] Splits a packed array (16 bit little endian lengths): at most *argc items, *argc becomes their
 * number. 0, or -1 where it is malformed. The hooked form calls func for each item. */
UWSGI_API int uwsgi_parse_array(char *buf, uint16_t len, char *argv[], uint16_t argvs[], uint8_t *argc);
UWSGI_API int uwsgi_hooked_parse_array(char *buf, size_t len,
                                       void (*func)(uint16_t index, char *value, uint16_t len, void *data),
                                       void *data);

#ifdef __cplusplus
}
#endif
