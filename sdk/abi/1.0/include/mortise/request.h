/* One request, from its parsed head to the log line. A core has one of these and uses it again and again; a
 * hook must not keep pointers into it beyond its return. Strings are not NUL-terminated. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wsgi_request {
  int fd;
  struct uwsgi_header *uh; /* modifiers, and size of the packet where the protocol is uwsgi */
  uint16_t len;            /* same size in host order */
  int app_id;
  int dynamic;
  int parsed; /* hvec and the members below are set */

  char *appid;
  uint16_t appid_len;

  uint64_t start_of_request; /* microseconds since 1970 */
  uint64_t start_of_request_in_sec;
  uint64_t end_of_request;

  /* CGI variables that are looked up for every request; pointers into hvec's values. */
  char *uri;
  uint16_t uri_len;
  char *remote_addr;
  uint16_t remote_addr_len;
  char *remote_user;
  uint16_t remote_user_len;
  char *query_string;
  uint16_t query_string_len;
  char *protocol;
  uint16_t protocol_len;
  char *method;
  uint16_t method_len;
  char *scheme;
  uint16_t scheme_len;
  char *https;
  uint16_t https_len;
  char *script_name;
  uint16_t script_name_len;
  int script_name_pos;
  char *host;
  uint16_t host_len;
  char *content_type;
  uint16_t content_type_len;
  char *document_root;
  uint16_t document_root_len;
  char *user_agent;
  uint16_t user_agent_len;
  char *encoding; /* HTTP_ACCEPT_ENCODING */
  uint16_t encoding_len;
  char *referer;
  uint16_t referer_len;
  char *cookie;
  uint16_t cookie_len;
  char *path_info;
  uint16_t path_info_len;
  int path_info_pos;
  char *authorization;
  uint16_t authorization_len;
  char *if_modified_since;
  uint16_t if_modified_since_len;
  char *script;
  uint16_t script_len;
  char *module;
  uint16_t module_len;
  char *callable;
  uint16_t callable_len;
  char *home;
  uint16_t home_len;
  char *file;
  uint16_t file_len;
  char *paste;
  uint16_t paste_len;
  char *chdir;
  uint16_t chdir_len;
  char *touch_reload;
  uint16_t touch_reload_len;

  /* Where the peer connects from; NUL-terminated, empty for UNIX sockets. */
  const char *peer_addr;
  uint16_t peer_addr_len;
  uint16_t peer_port;

  /* All variables: hvec[2n] is a name, hvec[2n+1] its value; var_cnt is the number of entries used. */
  struct iovec *hvec;
  uint16_t var_cnt;
  char *buffer; /* the variables' own bytes, where the protocol packs them */

  /* Body. */
  size_t post_cl; /* CONTENT_LENGTH */
  size_t post_pos;
  size_t post_readline_size, post_readline_watermark, post_readline_pos;
  char *post_readline_buf;
  char *post_read_buf;
  size_t post_read_buf_size;
  char *post_buffering_buf;
  uint64_t post_buffering_read;
  FILE *post_file;
  int body_is_chunked;
  int body_ended; /* the last byte was read from the peer */

  /* Response. */
  int status;
  struct uwsgi_buffer *headers;
  uint16_t header_cnt;
  uint64_t headers_size;
  uint64_t response_size;
  int headers_sent;
  int headers_hvec;
  uint64_t content_length; /* of the response, where it was given */
  int has_content_length;
  int body_less;  /* HEAD, 204, 304: body bytes are counted but not sent */
  int keep_alive; /* set by the protocol from the head; cleared when the connection must end */
  int chunked;    /* the response is framed by proto_frame */
  int http_minor; /* of the client's HTTP version, set by HTTP protocols */
  int expect_continue;
  int upgraded;
  int response_ended;  /* no more body will follow; set before proto_fix_headers when there is none at all */
  const char *refusal; /* why the protocol refused the head, for the log */
  int via;
  int do_not_log;
  int log_this;       /* this one is logged although logging is off */
  int do_not_account; /* not counted in the statistics */
  int do_not_account_avg_rt;
  int fd_closed; /* somebody else owns the connection now: the server forgets it */
  int write_errors;
  int read_errors;
  int ignore_body;
  int sendfile_fd;
  uint64_t range_from;
  uint64_t range_to;
  int range_parsed;

  struct uwsgi_socket *socket;
  int suspended;
  uint64_t switches;
  int signal_received;

  /* Async loops. */
  int async_id; /* index of the core */
  int async_status;
  void *async_app;
  void *async_result;
  void *async_placeholder;
  void *async_args;
  void *async_environ;
  void *async_input;
  void *async_sendfile;
  int async_force_again;
  int async_plagued;
  int async_timed_out;
  int async_ready_fd;
  int async_last_ready_fd;
  struct uwsgi_rb_timer *async_timeout;
  struct uwsgi_async_fd *waiting_fds;
  int do_not_add_to_async_queue;

  /* WebSocket. */
  char *http_sec_websocket_key;
  uint16_t http_sec_websocket_key_len;
  char *http_origin;
  uint16_t http_origin_len;
  char *http_sec_websocket_protocol;
  uint16_t http_sec_websocket_protocol_len;
  int websocket_closed;
  struct uwsgi_buffer *websocket_buf;
  struct uwsgi_buffer *websocket_send_buf;
  uint8_t websocket_opcode;
  uint8_t websocket_phase;
  uint64_t websocket_need;
  time_t websocket_last_ping;
  time_t websocket_last_pong;
  void *websocket; /* the provider's own */

  struct uwsgi_app *app;
  struct uwsgi_string_list *additional_headers; /* whole lines without their CRLF */
  struct uwsgi_string_list *remove_headers;     /* names */
  struct uwsgi_logvar *logvars;
  struct uwsgi_transformation *transformations;
  int is_raw;
  int is_routing;
  int is_error_routing;
  int is_final_routing;
  int is_response_routing;
  uint32_t route_pc;
  uint32_t error_route_pc, response_route_pc, final_route_pc;
  uint32_t route_goto;
  int routes_applied;
  uint64_t harakiri_seconds;

  /* Input that was read with the head and belongs to what follows it. */
  char *proto_parser_buf;
  size_t proto_parser_buf_size;
  int proto_parser_status;
  size_t proto_parser_pos;  /* bytes in proto_parser_buf */
  size_t proto_parser_move; /* of these, used by the head */
  size_t proto_parser_hint; /* protocol's own, kept between calls for one head; 0 at its start */
  char *proto_parser_remains_buf;
  size_t proto_parser_remains;
  uint64_t proto_state[4]; /* protocol's own, zero at the start of a request */
  void *connection;        /* the kernel's */
};

/* State of one core of one worker, in shared memory; written by that worker only. */
struct uwsgi_core {
  int in_request;
  uint64_t requests;
  uint64_t failed_requests;
  uint64_t static_requests;
  uint64_t routed_requests;
  uint64_t offloaded_requests;
  uint64_t write_errors;
  uint64_t read_errors;
  uint64_t exceptions;
  uint64_t request_started_us; /* microseconds since 1970; 0 while idle */
  time_t harakiri;             /* deadline of the request, in seconds since 1970; 0: none */
  time_t user_harakiri;
  struct wsgi_request req; /* its pointers are meaningful in the worker itself only */
};

#ifdef __cplusplus
}
#endif
