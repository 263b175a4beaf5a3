/* Request routing and transformations of the response body. Provider: plugins/routing, which is loaded by
 * itself when a plugin needs these symbols or the configuration has a `route` option. */
#pragma once

#include "mortise/plugin_table.h"

#define UWSGI_ROUTING 1
#define UWSGI_PCRE 1 /* there are uwsgi_regexp_… functions; the library's own types are not here */

/* What a route's function returns: go on with the next route, hand the request to its plugin, or end it here.
 */
#define UWSGI_ROUTE_NEXT 0
#define UWSGI_ROUTE_CONTINUE 1
#define UWSGI_ROUTE_BREAK 2

#ifdef __cplusplus
extern "C" {
#endif

struct uwsgi_regexp; /* a compiled pattern (PCRE2) */
typedef struct uwsgi_regexp uwsgi_pcre;

/* One route. A router's setup function sets func and whatever of data… and custom it needs; the other members
 * are the engine's. */
struct uwsgi_route {
  uwsgi_pcre *pattern;
  char *orig_route;
  char *regexp;
  char *action;
  char *args;
  /* Member of struct wsgi_request that the route looks at: offsets of a char * and of its uint16_t length. */
  size_t subject;
  size_t subject_len;
  char *subject_str; /* a template instead: translated for each request */
  size_t subject_str_len;
  int (*func)(struct wsgi_request *, struct uwsgi_route *);
  int (*if_func)(struct wsgi_request *, struct uwsgi_route *); /* 1: condition holds, 0: not */
  int if_negate;
  int if_status;
  void (*free)(struct uwsgi_route *);
  void *data;
  size_t data_len;
  void *data2;
  size_t data2_len;
  void *data3;
  size_t data3_len;
  void *data4;
  size_t data4_len;
  uint64_t custom;
  int is_last;
  char *label;
  size_t label_len;
  /* For each core: offsets of the groups that the pattern matched, and the condition's text. */
  int *ovn; /* groups, -1: none */
  int **ovector;
  struct uwsgi_buffer **condition_ub;
  uint64_t pos;
  struct uwsgi_route *next;
};

struct uwsgi_router {
  char *name;
  int (*func)(struct uwsgi_route *, char *args);
  struct uwsgi_router *next;
};

struct uwsgi_route_condition {
  char *name;
  int (*func)(struct wsgi_request *, struct uwsgi_route *);
  struct uwsgi_route_condition *next;
};

/* ${name[argument]} in a template. need_free: what func returns is malloc'ed and freed by the engine. */
struct uwsgi_route_var {
  char *name;
  uint16_t name_len;
  int need_free;
  char *(*func)(struct wsgi_request *, char *argument, uint16_t argument_len, uint16_t *value_len);
  struct uwsgi_route_var *next;
};

/* [load] Makes `route = regexp name:args` possible. setup is called in the master for each such route; it
 * sets members of the route and returns 0, or -1 with a message in the log, which ends the server. The router
 * may be registered again: the last one counts. Returns the router. */
UWSGI_API struct uwsgi_router *uwsgi_register_router(const char *name,
                                                     int (*setup)(struct uwsgi_route *, char *args));
/* [load] Makes `route-if = name:args action` possible; args are the route's subject_str. */
UWSGI_API struct uwsgi_route_condition *uwsgi_register_route_condition(const char *name,
                                                                       int (*func)(struct wsgi_request *,
                                                                                   struct uwsgi_route *));
/* [load] Returns the variable for need_free to be set. */
UWSGI_API struct uwsgi_route_var *uwsgi_register_route_var(const char *name,
                                                           char *(*func)(struct wsgi_request *, char *,
                                                                         uint16_t, uint16_t *));
/* [request] data with $1…$9 of the match against subject and ${VAR}, ${name[arg]} replaced; NULL when memory
 * is exhausted. The buffer is the caller's to uwsgi_buffer_destroy(). */
UWSGI_API struct uwsgi_buffer *uwsgi_routing_translate(struct wsgi_request *, struct uwsgi_route *,
                                                       char *subject, uint16_t subject_len, char *data,
                                                       size_t data_len);
/* [request] Same, with the member of the request that the route looks at as the subject. Of this server only.
 */
UWSGI_API struct uwsgi_buffer *uwsgi_route_text(struct wsgi_request *, struct uwsgi_route *, const char *data,
                                                size_t data_len);
/* [request] Runs the chains; UWSGI_ROUTE_BREAK when a route has answered. The server calls the first one
 * before each request hook. */
UWSGI_API int uwsgi_apply_routes(struct wsgi_request *);
UWSGI_API int uwsgi_apply_error_routes(struct wsgi_request *);
UWSGI_API int uwsgi_apply_response_routes(struct wsgi_request *);
UWSGI_API void uwsgi_apply_final_routes(struct wsgi_request *);
/* [load] What the `route…` options do. The option's name tells the chain; data names what is looked at:
 * "path_info", "http_host", "request_uri", "query_string", "remote_addr", "user_agent", "referer",
 * "remote_user", "status", "if", "if-not", "run", "label". A value that cannot be understood ends the start.
 */
UWSGI_API void uwsgi_opt_add_route(char *name, char *value, void *data);
/* [request] Runs one action by name outside of a chain: UWSGI_ROUTE_…, -1 if there is no such router. */
UWSGI_API int uwsgi_route_api_func(struct wsgi_request *, char *router, char *args);

/* ---- Regular expressions (PCRE2). Provider: plugins/regexp ---- */

struct uwsgi_regexp_list {
  uwsgi_pcre *pattern;
  uint64_t custom;
  char *custom_str;
  void *custom_ptr;
  struct uwsgi_regexp_list *next;
  void *pattern_extra; /* what PCRE 1 studied: always NULL */
};
/* [any] Compiles; -1 with a message in the log that shows where the pattern is wrong. *out lives until
 * uwsgi_regexp_free(). */
UWSGI_API int uwsgi_regexp_build(const char *pattern, uwsgi_pcre **out);
UWSGI_API void uwsgi_regexp_free(uwsgi_pcre *);
/* [any] Number of groups matched + 1, or a negative number where the subject does not match. */
UWSGI_API int uwsgi_regexp_match(uwsgi_pcre *, const char *subject, int len);
/* uWSGI before 2.0.22 has a second argument, pattern_extra. */
#define uwsgi_regexp_match(...) \
  UWSGI_REGEXP_MATCH(__VA_ARGS__, UWSGI_REGEXP_MATCH_4, UWSGI_REGEXP_MATCH_3, )(__VA_ARGS__)
#define UWSGI_REGEXP_MATCH(a, b, c, d, chosen, ...) chosen
#define UWSGI_REGEXP_MATCH_3(pattern, subject, len) (uwsgi_regexp_match)(pattern, subject, len)
#define UWSGI_REGEXP_MATCH_4(pattern, extra, subject, len) (uwsgi_regexp_match)(pattern, subject, len)
UWSGI_API int uwsgi_regexp_match_ovec(uwsgi_pcre *, const char *subject, int len, int *ovector, int groups);
UWSGI_API int uwsgi_regexp_ovector(const uwsgi_pcre *); /* groups in the pattern */
/* [any] text with $0…$9 replaced; NUL-terminated, malloc'ed. */
UWSGI_API char *uwsgi_regexp_apply_ovec(const char *subject, int subject_len, const char *text, int text_len,
                                        const int *ovector, int groups);
UWSGI_API struct uwsgi_regexp_list *uwsgi_regexp_new_list(struct uwsgi_regexp_list **, char *pattern);
UWSGI_API struct uwsgi_regexp_list *uwsgi_regexp_custom_new_list(struct uwsgi_regexp_list **, char *pattern,
                                                                 char *custom);
UWSGI_API void uwsgi_opt_add_regexp_list(char *name, char *value, void *data);

/* ---- Transformations of the response body ---- */

/* One step. Its function gets what the step before left in `chunk` and changes it in place; -1 ends the
 * response. Without can_stream the whole body is collected first and the function is called once, with
 * is_final set. */
struct uwsgi_transformation {
  int (*func)(struct wsgi_request *, struct uwsgi_transformation *);
  struct uwsgi_buffer *chunk;
  uint8_t can_stream;
  uint8_t flushed; /* the function has sent the body itself */
  int is_final;
  uint64_t round; /* calls so far for this response */
  uint64_t len;
  int fd;
  uint64_t custom64;
  void *data; /* the function's own; it frees it in the final call */
  struct uwsgi_buffer *ub;
  struct uwsgi_transformation *next;
};
/* [request] Appends a step; it lives as long as the request. */
UWSGI_API struct uwsgi_transformation *uwsgi_add_transformation(
    struct wsgi_request *, int (*func)(struct wsgi_request *, struct uwsgi_transformation *), void *data);
/* [request] Sends len bytes through the chain from the first step. 0, or -1. The server calls both. */
UWSGI_API int uwsgi_apply_transformations(struct wsgi_request *, char *buf, size_t len);
UWSGI_API int uwsgi_apply_final_transformations(struct wsgi_request *);
UWSGI_API void uwsgi_free_transformations(struct wsgi_request *);

#ifdef __cplusplus
}
#endif
