/* What gateways are built with: their sockets, timers in a tree, subscriptions. Provider: plugins/gateways,
 * loaded by itself when a plugin needs these symbols. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A listener of a gateway plugin. */
struct uwsgi_gateway_socket {
  char *name;
  size_t name_len;
  int fd;
  char *zerg;
  char *port;
  int port_len;
  int no_defer;
  void *data;
  int subscription;
  int shared;
  char *owner;
  int mode;
  void *ctx;
  struct uwsgi_gateway *gateway;
  struct uwsgi_gateway_socket *next;
};
/* [load] Adds a listener for the gateway `owner` to uwsgi.gateway_sockets; bound by the plugin or here. */
UWSGI_API struct uwsgi_gateway_socket *uwsgi_new_gateway_socket(char *name, char *owner);
UWSGI_API struct uwsgi_gateway_socket *uwsgi_new_gateway_socket_from_fd(int fd, char *owner);
UWSGI_API int uwsgi_gateway_socket_need_bind(char *name);
/* [gateway] Stops and starts watching the listeners of a gateway in an event queue. */
UWSGI_API void uwsgi_gateway_go_cheap(char *owner, int queue, int *is_cheap);

/* Timers of one thread in a red-black tree, ordered by `value` (any unit). */
struct uwsgi_rb_timer {
  uint8_t color;
  struct uwsgi_rb_timer *parent;
  struct uwsgi_rb_timer *left;
  struct uwsgi_rb_timer *right;
  uint64_t value;
  void *data;
};
struct uwsgi_rbtree {
  struct uwsgi_rb_timer *root;
  struct uwsgi_rb_timer *sentinel;
};
UWSGI_API struct uwsgi_rbtree *uwsgi_init_rb_timer(void);
UWSGI_API struct uwsgi_rb_timer *uwsgi_add_rb_timer(struct uwsgi_rbtree *, uint64_t value, void *data);
UWSGI_API struct uwsgi_rb_timer *uwsgi_min_rb_timer(struct uwsgi_rbtree *, struct uwsgi_rb_timer *);
UWSGI_API void uwsgi_del_rb_timer(struct uwsgi_rbtree *, struct uwsgi_rb_timer *); /* the caller frees it */

/* ---- Subscriptions: servers that announce themselves to gateways ---- */

struct uwsgi_subscribe_req {
  char *key;
  uint16_t keylen;
  char *address;
  uint16_t address_len;
  char *auth;
  uint16_t auth_len;
  uint8_t modifier1;
  uint8_t modifier2;
  uint64_t cores;
  uint64_t load;
  uint64_t weight;
  char *sign;
  uint16_t sign_len;
  uint64_t unix_check;
  char *base;
  uint16_t base_len;
  char *sni_key;
  uint16_t sni_key_len;
  char *sni_crt;
  uint16_t sni_crt_len;
  char *sni_ca;
  uint16_t sni_ca_len;
  pid_t pid;
  uid_t uid;
  gid_t gid;
  char *notify;
  uint16_t notify_len;
  uint64_t backup_level;
  char *algo;
  uint16_t algo_len;
  char *proto;
  uint16_t proto_len;
  char *vassal;
  uint16_t vassal_len;
  char *uuid;
  uint16_t uuid_len;
};
struct uwsgi_subscribe_node {
  char name[0xff];
  uint16_t len;
  uint8_t modifier1;
  uint8_t modifier2;
  time_t last_check;
  uint64_t transferred;
  uint64_t tx;
  uint64_t rx;
  uint64_t requests;
  uint64_t last_requests;
  int death_mark;
  uint64_t reference;
  uint64_t cores;
  uint64_t load;
  uint64_t failcnt;
  uint64_t weight;
  uint64_t wrr;
  uint64_t unix_check;
  uint64_t backup_level;
  pid_t pid;
  uid_t uid;
  gid_t gid;
  char notify[102];
  uint8_t proto;
  char vassal[0xff];
  uint8_t vassal_len;
  struct uwsgi_subscribe_slot *slot;
  struct uwsgi_subscribe_node *next;
};
struct uwsgi_subscription_client;
struct uwsgi_subscribe_slot {
  char key[0xff];
  uint16_t keylen;
  uint32_t hash;
  uint64_t hits;
  int sign_ctx_set;
  void *sign_ctx;
  void *sign_public_key;
  uint8_t sni_enabled;
  struct uwsgi_subscribe_node *nodes;
  struct uwsgi_subscribe_node *(*algo)(struct uwsgi_subscribe_slot *, struct uwsgi_subscribe_node *,
                                       struct uwsgi_subscription_client *);
  struct uwsgi_subscribe_slot *prev;
  struct uwsgi_subscribe_slot *next;
};
struct uwsgi_subscription_client {
  int fd;
  union uwsgi_sockaddr *sockaddr;
  char *cookie;
  uint16_t cookie_len;
};
/* [gateway] A table of slots by key; nodes that were not heard of for some seconds are marked dead. */
UWSGI_API struct uwsgi_subscribe_slot **uwsgi_subscription_init_ht(void);
UWSGI_API struct uwsgi_subscribe_node *uwsgi_add_subscribe_node(struct uwsgi_subscribe_slot **,
                                                                struct uwsgi_subscribe_req *);
UWSGI_API int uwsgi_remove_subscribe_node(struct uwsgi_subscribe_slot **, struct uwsgi_subscribe_node *);
UWSGI_API struct uwsgi_subscribe_node *uwsgi_get_subscribe_node(struct uwsgi_subscribe_slot **, char *key,
                                                                uint16_t keylen);
UWSGI_API struct uwsgi_subscribe_node *uwsgi_get_subscribe_node_by_name(struct uwsgi_subscribe_slot **,
                                                                        char *key, uint16_t keylen,
                                                                        char *address, uint16_t address_len);
UWSGI_API int uwsgi_subscription_sign_check(struct uwsgi_subscribe_slot *, struct uwsgi_subscribe_req *);
UWSGI_API int uwsgi_no_subscriptions(struct uwsgi_subscribe_slot **);
UWSGI_API struct uwsgi_subscribe_node *(*uwsgi_subscription_algo_get(const char *name, size_t len))(
    struct uwsgi_subscribe_slot *, struct uwsgi_subscribe_node *, struct uwsgi_subscription_client *);
UWSGI_API char *uwsgi_subscription_algo_name(void *algo);
UWSGI_API void uwsgi_subscription_set_algo(const char *name);
UWSGI_API void uwsgi_send_subscription_from_fd(int fd, char *gateway, char *key, size_t keysize,
                                               uint8_t modifier1, uint8_t modifier2, uint8_t cmd,
                                               char *socket_name, char *sign, char *sni_key, char *sni_crt,
                                               char *sni_ca);

#ifdef __cplusplus
}
#endif
