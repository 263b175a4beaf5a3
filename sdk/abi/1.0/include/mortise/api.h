/* Functions that the kernel offers to plugins. Conventions and the meaning of [tags]: uwsgi.h. */
#pragma once

#include "mortise/plugin_table.h"
#include "mortise/request.h"
#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Log and exit
 * ---------------------------------------------------------------------------------------------- */

/* [any] printf to the server log, one write; the text brings its newline. */
UWSGI_API void uwsgi_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* [any] Same, with the time in front whatever the log format is. */
UWSGI_API void uwsgi_log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* [any] Ends the process after its atexit hooks; what exit() means inside plugins. */
UWSGI_API void uwsgi_exit(int status) __attribute__((noreturn));

/* ---- Memory and strings; every char * returned is malloc'ed and the caller's to free()
 * ------------------------- */

/* [any] Never NULL: out of memory ends the process with a message. uwsgi_calloc zeroes. */
UWSGI_API void *uwsgi_malloc(size_t size);
UWSGI_API void *uwsgi_calloc(size_t size);
/* [any] Zeroed memory shared with processes that are forked later; lives until the server ends. */
UWSGI_API void *uwsgi_calloc_shared(size_t size);
UWSGI_API void *uwsgi_malloc_shared(size_t size);
/* [any] Concatenations of NUL-terminated strings; the …n forms take a length with each. */
UWSGI_API char *uwsgi_concat2(const char *a, const char *b);
UWSGI_API char *uwsgi_concat3(const char *a, const char *b, const char *c);
UWSGI_API char *uwsgi_concat4(const char *a, const char *b, const char *c, const char *d);
UWSGI_API char *uwsgi_concat2n(const char *a, int alen, const char *b, int blen);
UWSGI_API char *uwsgi_concat3n(const char *a, int alen, const char *b, int blen, const char *c, int clen);
UWSGI_API char *uwsgi_concat4n(const char *a, int alen, const char *b, int blen, const char *c, int clen,
                               const char *d, int dlen);
UWSGI_API char *uwsgi_strncopy(const char *text, int len);
UWSGI_API char *uwsgi_num2str(int value);
UWSGI_API char *uwsgi_64bit2str(int64_t value);
/* [any] 0 equal, else not, as uWSGI's plugins expect (lengths differ: 1). */
UWSGI_API int uwsgi_strncmp(const char *a, int alen, const char *b, int blen);
UWSGI_API int uwsgi_strnicmp(const char *a, int alen, const char *b, int blen);
/* [any] 0 if text starts with prefix, -1 otherwise. */
UWSGI_API int uwsgi_starts_with(const char *text, int len, const char *prefix, int prefix_len);
UWSGI_API int uwsgi_startswith(const char *text, const char *prefix, int len);
/* [any] 1 if text ends with suffix; both NUL-terminated. */
UWSGI_API int uwsgi_endswith(const char *text, const char *suffix);
UWSGI_API int uwsgi_contains_n(const char *text, size_t len, const char *part, size_t part_len);
/* [any] Decimal digits to a number; anything else counts as the end. */
UWSGI_API size_t uwsgi_str_num(const char *text, int len);
/* [any] In place, NUL-terminated: blanks and tabs at both ends, or line ends at the end, are cut. */
UWSGI_API char *uwsgi_strip(char *text);
UWSGI_API char *uwsgi_chomp(char *text);
/* [any] "k=v,k2=v2" split at item and key separators. Varargs: pairs of const char *key, char **value, then
 * NULL. Each value is malloc'ed; quotes and backslashes are honoured. Unknown keys, and items that have no
 * value, are passed over: always 0. */
UWSGI_API int uwsgi_kvlist_parse(const char *text, size_t len, char item_separator, int key_separator, ...);
/* [any] The same for what an operator wrote: -1 and a message that names the keys for an unknown one; the
 * value of a key alone is "". */
UWSGI_API int uwsgi_kvlist_parse_strict(const char *text, size_t len, char item_separator, int key_separator,
                                        ...);
/* [any] Words of text, split at any of separators, quotes honoured: "a,,b" has three, "a," has one. Array and
 * words are the caller's. */
UWSGI_API char **uwsgi_split_quoted(const char *text, size_t len, const char *separators, size_t *count);
/* [any] Absolute path in dst (PATH_MAX bytes, or NULL: malloc'ed); NULL and errno on failure. */
UWSGI_API char *uwsgi_expand_path(const char *path, int len, char *dst);
UWSGI_API int uwsgi_file_exists(const char *path);
UWSGI_API int uwsgi_is_file(const char *path);
UWSGI_API int uwsgi_is_dir(const char *path);
/* [load] Contents of a file; ends the server with a message if it cannot be read. add_zero: a NUL follows. */
UWSGI_API char *uwsgi_open_and_read(const char *path, size_t *size, int add_zero, char *magic_table[]);
/* [any] Appends to a list; value is kept, not copied. */
UWSGI_API struct uwsgi_string_list *uwsgi_string_new_list(struct uwsgi_string_list **list, char *value);
UWSGI_API struct uwsgi_string_list *uwsgi_string_list_has_item(struct uwsgi_string_list *list,
                                                               const char *key, size_t len);
/* [any] Random UUID (RFC 9562, version 4) as 36 characters and a NUL. */
UWSGI_API void uwsgi_uuid(char *buf);
/* [any] Microseconds and seconds since 1970, and a monotonic clock for durations. */
UWSGI_API uint64_t uwsgi_micros(void);
UWSGI_API uint64_t uwsgi_millis(void);
UWSGI_API time_t uwsgi_now(void);
UWSGI_API uint64_t uwsgi_monotonic_micros(void);
/* [any] 1 if errno says that a non-blocking call would have blocked. */
UWSGI_API int uwsgi_is_again(void);
UWSGI_API uint16_t uwsgi_be16(const char *buf);
UWSGI_API uint32_t uwsgi_be32(const char *buf);
UWSGI_API uint64_t uwsgi_be64(const char *buf);

/* [any] Concatenation of n pieces: char *, int pairs. */
UWSGI_API char *uwsgi_concatn(int pairs, ...);
UWSGI_API char *uwsgi_concat2nn(const char *a, int alen, const char *b, int blen, int *len);
/* [any] Numbers into buffers: 11 bytes are enough; num2str2 returns the length. */
UWSGI_API int uwsgi_num2str2(int value, char *buf);
UWSGI_API int uwsgi_num2str2n(int value, char *buf, int size);
UWSGI_API int uwsgi_long2str2n(unsigned long long value, char *buf, int size);
/* [any] text split at the first two (three) separators; the last piece is the rest. Nothing is copied. The
 * end of text, or NULL where it has fewer separators: the pieces are NULL then. */
UWSGI_API char *uwsgi_split3(char *text, size_t len, char separator, char **a, size_t *a_len, char **b,
                             size_t *b_len, char **c, size_t *c_len);
UWSGI_API char *uwsgi_split4(char *text, size_t len, char separator, char **a, size_t *a_len, char **b,
                             size_t *b_len, char **c, size_t *c_len, char **d, size_t *d_len);
UWSGI_API char *uwsgi_str_split_nget(char *text, size_t len, char separator, size_t n, size_t *piece_len);
UWSGI_API size_t uwsgi_str_occurence(char *text, size_t len, char byte);
UWSGI_API char *uwsgi_str_contains(char *text, int len, char byte); /* first one, NULL */
/* [any] 1 if text is one of the words of the list, which blanks separate, whatever their case. */
UWSGI_API int uwsgi_list_has_str(char *list, char *text);
UWSGI_API int uwsgi_list_has_num(char *list, int num);
/* [any] Last occurrence of a byte, NULL. */
UWSGI_API char *uwsgi_get_last_char(char *text, char byte);
UWSGI_API char *uwsgi_get_last_charn(char *text, size_t len, char byte);
UWSGI_API char *uwsgi_lower(char *text, size_t len); /* in place */
UWSGI_API char *uwsgi_str_to_hex(char *bytes, size_t len);
UWSGI_API char *uwsgi_get_cwd(void); /* malloc'ed */
UWSGI_API int uwsgi_is_link(const char *path);
/* [any] Contents of a file: malloc'ed, NULL on failure. _simple: without a message. */
UWSGI_API char *uwsgi_simple_file_read(char *path);
UWSGI_API ssize_t uwsgi_file_read_size(const char *path);
/* [any] All that can be read from a descriptor: malloc'ed; add_zero: a NUL follows, which size counts. */
UWSGI_API char *uwsgi_read_fd(int fd, size_t *size, int add_zero);
/* [any] 1 where a name begins with a scheme that uwsgi_open_and_read() would have to look up ("http://"). */
UWSGI_API int uwsgi_check_scheme(char *name);
/* [any] One netstring ("5:hello,") at the start of buf: where it ends, NULL where it is wrong or not whole.
 */
UWSGI_API char *uwsgi_netstring(char *buf, size_t len, char **text, size_t *text_len);
/* [any] An open temporary file without a name, -1. */
UWSGI_API int uwsgi_tmpfd(void);
UWSGI_API FILE *uwsgi_tmpfile(void);
/* [any] MIME type by the file name's ending; NULL where it is unknown. The table is read from mimefile,
 * /etc/mime.types if none is given. */
UWSGI_API char *uwsgi_get_mime_type(char *path, int len, size_t *type_len);
/* [any] Shell for commands: that of the user, /bin/sh. */
UWSGI_API char *uwsgi_binsh(void);
/* [any] Replaces the process by a command; words are split as a shell does. Does not return: 127 where it
 * fails. */
UWSGI_API void uwsgi_exec_command_with_args(char *command);
/* [any] The table of %x placeholders, and a text with these replaced: malloc'ed. */
UWSGI_API void init_magic_table(char *table[]);
UWSGI_API char *magic_sub(char *text, size_t len, size_t *new_len, char *table[]);
UWSGI_API void config_magic_table_fill(char *path, char *table[]);
/* [worker] Ends the process after so many seconds whatever it does, with UWSGI_RELOAD_CODE where reload is 1.
 */
UWSGI_API void uwsgi_time_bomb(int seconds, int reload);
/* [any] Ends this worker in good order as if it had been told to. */
UWSGI_API void goodbye_cruel_world(void);
/* [any] Handlers of signals, which only send signals: this worker ends after its requests, and is started
 * again; the server stops; the server reloads. */
UWSGI_API void gracefully_kill(int signum);
UWSGI_API void gracefully_kill_them_all(int signum);
UWSGI_API void grace_them_all(int signum);
/* [any] uwsgi_reload_server(); argv, which the next generation has as well, is not used. */
UWSGI_API void uwsgi_reload(char **argv);
/* [any] This process calls func for a signal (sigaction(2); calls are interrupted). */
UWSGI_API void uwsgi_unix_signal(int signum, void (*func)(int));
/* [any] In the calling thread. */
UWSGI_API void uwsgi_block_signal(int signum);
UWSGI_API void uwsgi_unblock_signal(int signum);
/* [any] A descriptor that closing all others at a fork or exec must spare. */
UWSGI_API void uwsgi_add_safe_fd(int fd);
UWSGI_API void uwsgi_protected_close(int fd);
UWSGI_API int uwsgi_count_options(struct uwsgi_option *);
/* [any] Resident and virtual memory of the calling process, in bytes. */
UWSGI_API void get_memusage(uint64_t *rss, uint64_t *vsz);
/* [any] Name of an item of the clock in use, and another one in its place. */
struct uwsgi_clock {
  const char *name;
  time_t (*seconds)(void);
  uint64_t (*microseconds)(void);
  struct uwsgi_clock *next;
};
UWSGI_API void uwsgi_register_clock(struct uwsgi_clock *); /* [load] */
UWSGI_API int uwsgi_set_clock(char *name);                 /* 0, or -1 where there is none of that name */

/* ---- Buffers; functions return 0, or -1 when the limit or memory is exhausted
 * ---------------------------------- */

/* [any] len bytes are allocated at once; never NULL. The caller's to destroy. */
UWSGI_API struct uwsgi_buffer *uwsgi_buffer_new(size_t len);
UWSGI_API void uwsgi_buffer_destroy(struct uwsgi_buffer *);
UWSGI_API int uwsgi_buffer_fix(struct uwsgi_buffer *, size_t len);    /* at least len bytes allocated */
UWSGI_API int uwsgi_buffer_ensure(struct uwsgi_buffer *, size_t len); /* room for len more bytes */
UWSGI_API int uwsgi_buffer_append(struct uwsgi_buffer *, const char *buf, size_t len);
UWSGI_API int uwsgi_buffer_insert(struct uwsgi_buffer *, size_t pos, const char *buf, size_t len);
UWSGI_API int uwsgi_buffer_decapitate(struct uwsgi_buffer *, size_t len); /* drops the first len bytes */
UWSGI_API int uwsgi_buffer_byte(struct uwsgi_buffer *, char byte);
UWSGI_API int uwsgi_buffer_u8(struct uwsgi_buffer *, uint8_t value);
UWSGI_API int uwsgi_buffer_u16le(struct uwsgi_buffer *, uint16_t value);
UWSGI_API int uwsgi_buffer_u16be(struct uwsgi_buffer *, uint16_t value);
UWSGI_API int uwsgi_buffer_u32be(struct uwsgi_buffer *, uint32_t value);
UWSGI_API int uwsgi_buffer_u64be(struct uwsgi_buffer *, uint64_t value);
UWSGI_API int uwsgi_buffer_num64(struct uwsgi_buffer *, int64_t value);
UWSGI_API int uwsgi_buffer_append_json(struct uwsgi_buffer *, const char *text, size_t len);
UWSGI_API int uwsgi_buffer_u24be(struct uwsgi_buffer *, uint32_t value);
UWSGI_API int uwsgi_buffer_u32le(struct uwsgi_buffer *, uint32_t value);
UWSGI_API int uwsgi_buffer_u64le(struct uwsgi_buffer *, uint64_t value);
UWSGI_API int uwsgi_buffer_f32be(struct uwsgi_buffer *, float value);
UWSGI_API int uwsgi_buffer_f64be(struct uwsgi_buffer *, double value);
UWSGI_API int uwsgi_buffer_append_ipv4(struct uwsgi_buffer *, void *address);
UWSGI_API int uwsgi_buffer_append_base64(struct uwsgi_buffer *, const char *bytes, size_t len);
/* [any] The line before a chunk (RFC 9112 §7.1): size in hex and CRLF, at the end or at a position. */
UWSGI_API int uwsgi_buffer_append_chunked(struct uwsgi_buffer *, size_t len);
UWSGI_API int uwsgi_buffer_insert_chunked(struct uwsgi_buffer *, size_t pos, size_t len);
/* [any] The buffer takes over malloc'ed bytes in place of its own. */
UWSGI_API void uwsgi_buffer_map(struct uwsgi_buffer *, char *bytes, size_t len);
UWSGI_API struct uwsgi_buffer *uwsgi_buffer_from_file(const char *path);
/* [any] Writes the whole buffer to a blocking descriptor. */
UWSGI_API int uwsgi_buffer_send(struct uwsgi_buffer *, int fd);
/* [any] Key, value with 32 bit lengths; number as a value. */
UWSGI_API int uwsgi_buffer_append_keyval32(struct uwsgi_buffer *, const char *key, uint32_t keylen,
                                           const char *val, uint32_t vallen);
UWSGI_API int uwsgi_buffer_append_valnum(struct uwsgi_buffer *, int64_t value);
UWSGI_API int uwsgi_buffer_append_keyipv4(struct uwsgi_buffer *, const char *key, uint16_t keylen,
                                          void *address);
UWSGI_API int uwsgi_buffer_append_xml(struct uwsgi_buffer *, const char *text, size_t len);
UWSGI_API int uwsgi_buffer_httpclen(struct uwsgi_buffer *, const char *key, uint16_t keylen);
/* [any] Key and value with 16 bit little endian lengths, as in a uwsgi packet; keynum and valnum format
 * numbers. */
UWSGI_API int uwsgi_buffer_append_keyval(struct uwsgi_buffer *, const char *key, uint16_t keylen,
                                         const char *val, uint16_t vallen);
UWSGI_API int uwsgi_buffer_append_keynum(struct uwsgi_buffer *, const char *key, uint16_t keylen,
                                         int64_t value);
/* [any] Writes the 4 bytes of a uwsgi header at the start of a buffer that left room for them. */
UWSGI_API int uwsgi_buffer_set_uh(struct uwsgi_buffer *, uint8_t modifier1, uint8_t modifier2);

/* ---- Options
 * --------------------------------------------------------------------------------------------------- */

/* [load] What an option may do with its value; `data` is the address of a variable of the type named. */
UWSGI_API void uwsgi_opt_true(char *name, char *value, void *data);    /* int; honours false, 0, no, off */
UWSGI_API void uwsgi_opt_false(char *name, char *value, void *data);   /* int */
UWSGI_API void uwsgi_opt_set_int(char *name, char *value, void *data); /* int */
UWSGI_API void uwsgi_opt_uid(char *name, char *value, void *data);     /* uid_t, by number or name */
UWSGI_API void uwsgi_opt_gid(char *name, char *value, void *data);
UWSGI_API void uwsgi_opt_set_rawint(char *name, char *value, void *data);
UWSGI_API void uwsgi_opt_set_64bit(char *name, char *value, void *data);      /* uint64_t */
UWSGI_API void uwsgi_opt_set_megabytes(char *name, char *value, void *data);  /* uint64_t, in bytes */
UWSGI_API void uwsgi_opt_set_str_spaced(char *name, char *value, void *data); /* char *, appended to it */
UWSGI_API void uwsgi_opt_set_str(char *name, char *value, void *data);        /* char * */
UWSGI_API void uwsgi_opt_set_null(char *name, char *value, void *data);
UWSGI_API void uwsgi_opt_add_string_list(char *name, char *value,
                                         void *data); /* struct uwsgi_string_list * */
UWSGI_API void uwsgi_opt_set_placeholder(char *name, char *value, void *data);
UWSGI_API void uwsgi_opt_set_16bit(char *name, char *value, void *data); /* uint16_t */
UWSGI_API void uwsgi_opt_add_addr_list(char *name, char *value, void *data);
UWSGI_API void uwsgi_opt_print(char *name, char *value, void *data);    /* prints the text `data` and ends */
UWSGI_API void uwsgi_opt_load_ini(char *name, char *value, void *data); /* reads the file as --ini does */
UWSGI_API void uwsgi_opt_deprecated(char *name, char *value, void *data); /* data: a text that is logged */
/* [any] Value an option was last given, "" for a bare one, NULL if it was not given. */
UWSGI_API const char *uwsgi_option_value(const char *name);
/* [load] As if the option stood in the configuration. */
UWSGI_API void add_exported_option(char *key, char *value, int configured);
/* [load] Files whose names end so (".yaml") are configuration that func reads, which calls
 * uwsgi_config_line() or add_exported_option() for each directive. Register it in on_load, and have an option
 * named as the ending without its dot: so the plugin is found for `--yaml FILE` and for a bare FILE.yaml. */
UWSGI_API void uwsgi_register_configurator(const char *ending, void (*func)(char *file, char *magic_table[]));
/* [load] From such a function: a directive (value NULL: a bare key) and its line (0: unknown); the section
 * that is asked for, "uwsgi" unless one was named; that the file is wrong, and why. The strings are copied.
 */
UWSGI_API void uwsgi_config_line(const char *key, const char *value, int line);
UWSGI_API const char *uwsgi_config_section(void);
UWSGI_API void uwsgi_config_refuse(int line, const char *why);

/* ---- Sockets; descriptors returned are close-on-exec, -1 and errno on failure
 * ----------------------------------- */

/* [load] A listening socket for this address (host:port, :port, /path, @abstract, fd://N); bound before
 * `post_init`. Set proto_name next. The object lives for ever. */
UWSGI_API struct uwsgi_socket *uwsgi_new_socket(const char *address);
/* [load] A listening socket with a private address that only processes of this server can use. */
UWSGI_API struct uwsgi_socket *uwsgi_new_internal_socket(const char *proto_name);
/* [load] Makes --protocol NAME and proto_name NAME mean `setup`, which fills the function pointers. */
UWSGI_API int uwsgi_register_protocol(const char *name, void (*setup)(struct uwsgi_socket *));
UWSGI_API int bind_to_tcp(const char *address, int listen_queue, char *port);
UWSGI_API int bind_to_unix(const char *path, int listen_queue, int chmod_socket, int abstract_socket);
/* [load] Binds any address form; ends the server with a message and kExitNoAddress if that fails. */
UWSGI_API int uwsgi_bind_or_exit(const char *address, char **bound_name);
/* [any] Connects to host:port, /path or @abstract; timeout in seconds, async 1: returns at once. */
UWSGI_API int uwsgi_connect(const char *address, int timeout, int async);
UWSGI_API int uwsgi_connectn(const char *address, uint16_t len, int timeout, int async);
UWSGI_API void uwsgi_socket_nb(int fd);
UWSGI_API void uwsgi_tcp_nodelay(int fd);
UWSGI_API void uwsgi_socket_b(int fd);
/* [any] Splits host:port; fills the address and returns its size. portn 0: the port is in the string. */
UWSGI_API socklen_t socket_to_in_addr(const char *address, char *port, int portn, struct sockaddr_in *);
UWSGI_API socklen_t socket_to_un_addr(const char *path, struct sockaddr_un *);
/* [any] Waits with poll(2) for events: >0 ready, 0 timed out (seconds, -1: none), -1 error. */
UWSGI_API int uwsgi_waitfd_event(int fd, int timeout, int event);
/* [any] All of buf within timeout seconds: 0, or -1. */
UWSGI_API int uwsgi_write_nb(int fd, const char *buf, size_t len, int timeout);
UWSGI_API int uwsgi_write_true_nb(int fd, const char *buf, size_t len, int timeout);
UWSGI_API int uwsgi_read_nb(int fd, char *buf, size_t len, int timeout);
/* [any] What one read brings within timeout seconds: bytes, 0 at the end, -1. */
UWSGI_API ssize_t uwsgi_read_true_nb(int fd, char *buf, size_t len, int timeout);

UWSGI_API int bind_to_udp(const char *address, int multicast, int broadcast);
UWSGI_API int bind_to_unix_dgram(char *path);
UWSGI_API int uwsgi_connect_udp(char *address);
/* [any] Address of a host name, "a.b.c.d" malloc'ed, NULL. */
UWSGI_API char *uwsgi_resolve_ip(const char *host);
/* [any] Name of a bound socket, malloc'ed. */
UWSGI_API char *uwsgi_getsockname(int fd);
UWSGI_API char *generate_socket_name(char *address); /* completes "*:port"; malloc'ed or the argument */
/* [any] 0 where a connection is established, else -1 and errno. */
UWSGI_API int uwsgi_is_connected(int fd);
UWSGI_API int uwsgi_accept(int fd);
UWSGI_API int uwsgi_get_socket_num(struct uwsgi_socket *);
UWSGI_API int uwsgi_get_shared_socket_fd_by_num(int num);
UWSGI_API struct uwsgi_socket *uwsgi_get_socket_by_num(int num);
UWSGI_API int uwsgi_socket_from_addr(union uwsgi_sockaddr *, socklen_t *, char *addr, int type);
UWSGI_API int uwsgi_count_sockets(struct uwsgi_socket *);
/* [any] Hands the listeners of sockets to whoever connects to fd and says "uwsgi-zerg". */
UWSGI_API void uwsgi_manage_zerg(int fd, int count, int *sockets);
/* [any] sendfile(2) from pos; bytes, or -1 and errno. */
UWSGI_API ssize_t uwsgi_sendfile_do(int to, int from, size_t pos, size_t len);
/* [any] SCM_RIGHTS and SCM_CREDENTIALS (unix(7)): descriptors and the peer's ids over a UNIX socket. */
UWSGI_API int *uwsgi_attach_fd(int fd, int *fds_count, char *code, size_t code_len);
UWSGI_API int uwsgi_socket_passcred(int fd);
UWSGI_API ssize_t uwsgi_recv_cred(int fd, char *buf, size_t len, pid_t *, uid_t *, gid_t *);
UWSGI_API ssize_t uwsgi_recv_cred2(int fd, char *buf, size_t len, pid_t *, uid_t *, gid_t *);
UWSGI_API int uwsgi_pass_cred(int fd, char *code, size_t code_len);
UWSGI_API int uwsgi_fcntl_lock(int fd);
UWSGI_API int uwsgi_read_whole_true_nb(int fd, char *buf, size_t len, int timeout);
UWSGI_API int uwsgi_read_with_realloc(int fd, char **buf, size_t *len, int timeout, uint8_t *modifier1,
                                      uint8_t *modifier2);
/* [any] A uwsgi answer of modifier 255 style to a packet: 0, or -1. */
UWSGI_API int uwsgi_read_response(int fd, struct uwsgi_header *, int timeout, char **buf);

/* ---- Event queues (epoll)
 * --------------------------------------------------------------------------------------- */

/* [any] A descriptor, the caller's to close(2), and room for so many events; queues are used by one thread
 * each. Where not said otherwise: 0, or -1 with errno. */
UWSGI_API int event_queue_init(void);
UWSGI_API void *event_queue_alloc(int events); /* the caller's to free() */
UWSGI_API int event_queue_add_fd_read(int queue, int fd);
UWSGI_API int event_queue_add_fd_write(int queue, int fd);
UWSGI_API int event_queue_del_fd(int queue, int fd, int event);
UWSGI_API int event_queue_fd_write_to_read(int queue, int fd);
UWSGI_API int event_queue_fd_read_to_write(int queue, int fd);
UWSGI_API int event_queue_fd_readwrite_to_read(int queue, int fd);
UWSGI_API int event_queue_fd_readwrite_to_write(int queue, int fd);
UWSGI_API int event_queue_fd_read_to_readwrite(int queue, int fd);
UWSGI_API int event_queue_fd_write_to_readwrite(int queue, int fd);
UWSGI_API int event_queue_read(void);
UWSGI_API int event_queue_write(void);
/* [any] Waits; timeout in seconds, -1 for ever. Number of events, 0 timed out, -1 error. */
UWSGI_API int event_queue_wait(int queue, int timeout, int *interesting_fd);
UWSGI_API int event_queue_wait_multi(int queue, int timeout, void *events, int nevents);
UWSGI_API int event_queue_interesting_fd(void *events, int id);
UWSGI_API int event_queue_interesting_fd_has_error(void *events, int id);
UWSGI_API int event_queue_interesting_fd_is_read(void *events, int id);
UWSGI_API int event_queue_interesting_fd_is_write(void *events, int id);

/* ---- The request: variables and body
 * ----------------------------------------------------------------------------- */

/* [request] Variables are parsed before the hook is called; this says whether they were good: 0, or -1. */
UWSGI_API int uwsgi_parse_vars(struct wsgi_request *);
/* [request] Value of a CGI variable, or NULL; the pointer is valid for the request. */
UWSGI_API char *uwsgi_get_var(struct wsgi_request *, const char *key, uint16_t keylen, uint16_t *vallen);
/* [request] Value of a cookie (RFC 6265), or NULL. */
UWSGI_API char *uwsgi_get_cookie(struct wsgi_request *, const char *key, uint16_t keylen, uint16_t *vallen);
/* [request] Value of a key in the query string, not decoded, or NULL. */
UWSGI_API char *uwsgi_get_qs(struct wsgi_request *, const char *key, uint16_t keylen, uint16_t *vallen);
/* [request] Adds or replaces a variable; returns the stored value, NULL when the request's space is
 * exhausted. */
UWSGI_API char *uwsgi_req_append(struct wsgi_request *, const char *key, uint16_t keylen, const char *val,
                                 uint16_t vallen);
/* [request] Adds a variable whose key and value already live as long as the request (no copy, no search) and
 * sets the member of struct wsgi_request that mirrors it. For protocols. 0, or -1 when there are too many. */
UWSGI_API int uwsgi_req_add_var(struct wsgi_request *, const char *key, uint16_t keylen, const char *val,
                                uint16_t vallen);
/* [request] Space that lives as long as the request: NULL when len bytes are not left. For protocols. */
UWSGI_API char *uwsgi_req_alloc(struct wsgi_request *, size_t len);
/* [request] Next bytes of the body, at most hint (0: whatever is there). *len 0 and non-NULL: end; NULL:
 * error or time-out. The pointer is valid until the next call. */
UWSGI_API char *uwsgi_request_body_read(struct wsgi_request *, ssize_t hint, ssize_t *len);
UWSGI_API char *uwsgi_request_body_readline(struct wsgi_request *, ssize_t hint, ssize_t *len);
/* [request] Reads and drops the rest of the body: 0, or -1. */
UWSGI_API int uwsgi_request_body_consume(struct wsgi_request *);
/* [request] Input as it comes on the connection: what was read with the head first, then from the socket.
 * Bytes, 0 at the end, -1 with errno. For protocols; does not wait. */
UWSGI_API ssize_t uwsgi_req_raw_read(struct wsgi_request *, char *buf, size_t len);
/* [any] Calls func for every pair of a packed block of variables: 0, or -1 when it is malformed. */
UWSGI_API int uwsgi_hooked_parse(char *buf, size_t len,
                                 void (*func)(char *key, uint16_t keylen, char *val, uint16_t vallen,
                                              void *data),
                                 void *data);

/* [request] Next chunk of a body, for plugins that forward chunked bodies; as uwsgi_request_body_read(). nb
 * 1: does not wait, NULL with errno EAGAIN. */
UWSGI_API char *uwsgi_chunked_read(struct wsgi_request *, size_t *len, int timeout, int nb);
/* [request] What is read next begins there, no later than at the end; nothing unless post-buffering has kept
 * the body. */
UWSGI_API void uwsgi_request_body_seek(struct wsgi_request *, off_t pos);
/* [request] Forwards the request (a packet in the buffer, then `remains` bytes of body) to a server at
 * address and its answer to the client: 0, or -1 where nothing was sent. */
UWSGI_API int uwsgi_proxy_nb(struct wsgi_request *, char *address, struct uwsgi_buffer *, size_t remains,
                             int timeout);
/* [request] The request as an HTTP request for forwarding; NULL; the caller's to
 * destroy. */
UWSGI_API struct uwsgi_buffer *uwsgi_to_http(struct wsgi_request *, char *host, uint16_t host_len, char *uri,
                                             uint16_t uri_len);
UWSGI_API struct uwsgi_buffer *uwsgi_to_http_dumb(struct wsgi_request *, char *host, uint16_t host_len,
                                                  char *uri, uint16_t uri_len);
/* [any] Parses a PROXY protocol line (version 1) up to watermark; the byte behind it, or NULL. */
UWSGI_API char *proxy1_parse(char *ptr, char *watermark, char **src, uint16_t *src_len, char **dst,
                             uint16_t *dst_len, char **src_port, uint16_t *src_port_len, char **dst_port,
                             uint16_t *dst_port_len);
UWSGI_API char *uwsgi_chunked_read_smart(struct wsgi_request *, size_t *len, int timeout);
/* [any] 1 where the bytes are a whole HTTP head. */
UWSGI_API int uwsgi_is_full_http(struct uwsgi_buffer *);
/* [request] Packs a variable (or a header, as HTTP_…) at the end of wsgi_req->buffer: bytes written, 0: full.
 */
UWSGI_API uint16_t proto_base_add_uwsgi_var(struct wsgi_request *, char *key, uint16_t keylen, char *val,
                                            uint16_t vallen);
UWSGI_API uint16_t proto_base_add_uwsgi_header(struct wsgi_request *, char *key, uint16_t keylen, char *val,
                                               uint16_t vallen);
/* [request] What protocols do by default with a response head. */
UWSGI_API struct uwsgi_buffer *uwsgi_proto_base_prepare_headers(struct wsgi_request *, char *status,
                                                                uint16_t len);
UWSGI_API struct uwsgi_buffer *uwsgi_proto_base_add_header(struct wsgi_request *, char *key, uint16_t keylen,
                                                           char *val, uint16_t vallen);
UWSGI_API int uwsgi_proto_base_fix_headers(struct wsgi_request *);
UWSGI_API char *uwsgi_get_header(struct wsgi_request *, char *key, uint16_t keylen, uint16_t *vallen);
UWSGI_API void uwsgi_request_fix_range_for_size(struct wsgi_request *, int64_t size);

/* [request] The uwsgi protocol's struct uwsgi_socket.proto, for protocols that differ in what follows the
 * head. */
UWSGI_API int uwsgi_proto_uwsgi_parser(struct wsgi_request *);

/* ---- The response; functions return UWSGI_OK, or -1: the client is gone, or the input is refused ---- */

/* [request] Starts the response: "200 OK", a final status or 101. Refused in a head (RFC 9110): control bytes
 * but tab, names that are no token, a Content-Length that is not digits or differs from an earlier one. */
UWSGI_API int uwsgi_response_prepare_headers(struct wsgi_request *, const char *status, uint16_t len);
UWSGI_API int uwsgi_response_prepare_headers_int(struct wsgi_request *, int status);
UWSGI_API int uwsgi_response_add_header(struct wsgi_request *, const char *key, uint16_t keylen,
                                        const char *val, uint16_t vallen);
UWSGI_API int uwsgi_response_add_content_type(struct wsgi_request *, const char *type, uint16_t len);
UWSGI_API int uwsgi_response_add_content_length(struct wsgi_request *, uint64_t len);
UWSGI_API int uwsgi_response_add_content_range(struct wsgi_request *, int64_t from, int64_t to, int64_t size);
UWSGI_API int uwsgi_response_add_last_modified(struct wsgi_request *, uint64_t time);
UWSGI_API int uwsgi_response_add_connection_close(struct wsgi_request *);
/* [request] Sends the head by itself; otherwise it leaves with the first body bytes. */
UWSGI_API int uwsgi_response_write_headers_do(struct wsgi_request *);
/* [request] Sends body bytes; blocks up to socket-timeout while the client does not read. */
UWSGI_API int uwsgi_response_write_body_do(struct wsgi_request *, const char *buf, size_t len);
UWSGI_API int uwsgi_response_writev_body_do(struct wsgi_request *, struct iovec *iov, size_t count);
/* [request] Sends len bytes of fd from pos (len 0: to its end) with sendfile(2); closes fd. _nc leaves it
 * open. */
UWSGI_API int uwsgi_response_sendfile_do(struct wsgi_request *, int fd, size_t pos, size_t len);
UWSGI_API int uwsgi_response_sendfile_do_can_close(struct wsgi_request *, int fd, size_t pos, size_t len,
                                                   int close);
/* [request] Complete small answers. */
UWSGI_API int uwsgi_403(struct wsgi_request *);
UWSGI_API int uwsgi_404(struct wsgi_request *);
UWSGI_API int uwsgi_405(struct wsgi_request *);
UWSGI_API int uwsgi_500(struct wsgi_request *);
/* [request] A header that is added to every response of this request. 0, or -1. */
UWSGI_API int uwsgi_additional_header_add(struct wsgi_request *, char *header, uint16_t len);
UWSGI_API void uwsgi_remove_header(struct wsgi_request *, char *name, uint16_t len);
UWSGI_API int uwsgi_response_add_expires(struct wsgi_request *, uint64_t time);
UWSGI_API int uwsgi_response_add_date(struct wsgi_request *, char *key, uint16_t keylen, uint64_t time);
UWSGI_API int uwsgi_response_commit_headers(struct wsgi_request *);
UWSGI_API int uwsgi_redirect_to_slash(struct wsgi_request *);
UWSGI_API int uwsgi_simple_write(struct wsgi_request *, char *buf, size_t len);
UWSGI_API int uwsgi_simple_sendfile(struct wsgi_request *, int fd, size_t pos, size_t len);
/* [request] Serves a file as a complete response: headers, ranges, conditions. 0, or -1. */
UWSGI_API int uwsgi_file_serve(struct wsgi_request *, char *document_root, uint16_t document_root_len,
                               char *path_info, uint16_t path_info_len, int is_a_file);
UWSGI_API int uwsgi_blob_to_response(struct wsgi_request *, char *blob, size_t len);
/* [any] Date of RFC 9110 §5.6.7 into 30 bytes; returns its length. */
UWSGI_API int uwsgi_http_date(time_t time, char *buf);
/* [request] Writes the request line of the access log as the options and log-format have it, once for each
 * request: after_request may call it, the server does it where nobody did. */
UWSGI_API void log_request(struct wsgi_request *);
/* [request] Adds a variable for log-format's %(key). */
UWSGI_API void uwsgi_logvar_add(struct wsgi_request *, const char *key, uint8_t keylen, const char *val,
                                uint8_t vallen);
/* [request] Waits until the client has taken all that was written so far: what it is slow to take is kept for
 * it (option response-buffering), and who writes to the descriptor himself must not overtake that. 0, or -1
 * when the client is lost. */
UWSGI_API int uwsgi_response_wait_sent(struct wsgi_request *);
/* [request] Gives up on the client: the connection is closed after the hook. */
UWSGI_API void uwsgi_disconnect(struct wsgi_request *);

/* ---- Applications
 * -------------------------------------------------------------------------------------------------- */

/* [worker, master] Records a loaded application and returns it for the plugin to fill; NULL when max-apps is
 * reached. The mountpoint is kept, not copied. Slot 0 is usually the default application. */
UWSGI_API struct uwsgi_app *uwsgi_add_app(int id, uint8_t modifier1, char *mountpoint, int mountpoint_len,
                                          void *interpreter, void *callable);
/* [request] Slot of the application for this name, -1 if there is none. */
UWSGI_API int uwsgi_get_app_id(struct wsgi_request *, const char *key, uint16_t keylen, int modifier1);
UWSGI_API void uwsgi_emulate_cow_for_apps(int id);

/* ---- Locks
 * -----------------------------------------------------------------------------------------------------------
 */

UWSGI_API struct uwsgi_lock_item *uwsgi_lock_init(const char *id);   /* [master] */
UWSGI_API struct uwsgi_lock_item *uwsgi_rwlock_init(const char *id); /* [master] */
UWSGI_API void uwsgi_lock(struct uwsgi_lock_item *);                 /* [any] */
/* [any] Locks of the option `locks` by number; -1: there is none. */
UWSGI_API int uwsgi_user_lock(int number);
UWSGI_API int uwsgi_user_unlock(int number);
UWSGI_API void uwsgi_unlock(struct uwsgi_lock_item *);
UWSGI_API pid_t uwsgi_lock_check(struct uwsgi_lock_item *); /* holder, 0 if free */
UWSGI_API void uwsgi_rlock(struct uwsgi_lock_item *);
UWSGI_API void uwsgi_wlock(struct uwsgi_lock_item *);
UWSGI_API void uwsgi_rwunlock(struct uwsgi_lock_item *);

/* ---- Threads
 * -----------------------------------------------------------------------------------------------------------
 */

/* [any] Starts a thread with all signals blocked; NULL on failure. The object lives for ever. Without data,
 * func is called as soon as the creator has set ->data, or after 20 ms. */
UWSGI_API struct uwsgi_thread *uwsgi_thread_new(void (*func)(struct uwsgi_thread *));
UWSGI_API struct uwsgi_thread *uwsgi_thread_new_with_data(void (*func)(struct uwsgi_thread *), void *data);
/* [worker] Makes a request the calling thread's current one. */
UWSGI_API void uwsgi_setup_thread_req(long core, struct wsgi_request *);

/* ---- Processes
 * -----------------------------------------------------------------------------------------------------------
 */

/* [load] Adds supervised processes of a new role; the structure is copied. 0, or -1. */
UWSGI_API int uwsgi_register_process(const struct uwsgi_process_role *);
/* [load] Adds one gateway process: restarted when it dies, stopped before the workers. NULL when there are
 * too many. */
UWSGI_API struct uwsgi_gateway *register_gateway(char *name, void (*loop)(int id, void *data), void *data);
/* [child] Tells the master that this process has started and does its work. Workers say so by themselves. */
UWSGI_API void uwsgi_process_ready(void);
/* [child] A descriptor that becomes readable when this process is to finish its work and end, or when the
 * master died. Never read from it. */
UWSGI_API int uwsgi_stop_fd(void);
/* [child] 1 once the process is to stop. */
UWSGI_API int uwsgi_stopping(void);
/* [master] Calls func in the master whenever fd is readable; func must not block. -1 when it cannot be
 * watched. */
UWSGI_API int uwsgi_master_add_fd(int fd, void (*func)(int fd, void *data), void *data);
/* [any] pids of the server. */
UWSGI_API pid_t uwsgi_master_pid(void);
UWSGI_API int uwsgi_worker_is_busy(int wid);
/* [request] Deadline of the request that this thread serves, in seconds from now; 0: none any more. */
UWSGI_API void set_harakiri(int seconds);
UWSGI_API void set_user_harakiri(int seconds);
UWSGI_API uint64_t uwsgi_worker_exceptions(int wid);
/* [any] Registers a function that writes the stacks of a language's threads to fd when a request hangs. It is
 * called in a signal handler of the stuck thread: async-signal-safe calls only. */
UWSGI_API int uwsgi_register_stack_dumper(void (*dump)(int fd));
/* [any] What ps shows of the process, as much of it as command line and environment had room for, and, at
 * most 15 bytes, top -H of the calling thread. */
UWSGI_API void uwsgi_set_processname(const char *name);

/* ---- User signals: 256 numbered events; a receiver is a worker unless said otherwise
 * -------------------------------------- */

/* [worker, master] Binds a handler of the plugin modifier1 to a signal number. receiver: "" or "worker" (one
 * idle worker), "workers" (each), "workerN". Registering again replaces. 0, or -1 for an unknown receiver. */
UWSGI_API int uwsgi_register_signal(uint8_t signum, const char *receiver, void *handler, uint8_t modifier1);
/* [load] Receivers that are no workers. resolve: the number of a receiver, from 0, -1 where the name is none
 * of the provider's; send: puts the signal on its way there, in any process: 0, or -1. */
UWSGI_API int uwsgi_register_signal_receiver(int (*resolve)(const char *name),
                                             int (*send)(int receiver, uint8_t signum));
UWSGI_API int uwsgi_signal_registered(uint8_t signum);
/* [any] Raises a signal; fd is uwsgi.signal_socket and only kept for source compatibility. 0, or -1. */
UWSGI_API int uwsgi_signal_send(int fd, uint8_t signum);
/* [worker] Reads one signal from fd and runs its handler; loops of plugins call it. */
UWSGI_API int uwsgi_receive_signal(int fd, const char *name, int id);

/* [request] Waits for a signal (-1: any) and runs its handler: its number, -1 where waiting failed. */
UWSGI_API int uwsgi_signal_wait(int signum);
/* [any] Raises a signal in the server at address: 0, or -1. */
UWSGI_API int uwsgi_remote_signal_send(char *address, uint8_t signum);
/* [any] Raises the signal when the file changes. Provider: plugins/timers. */
UWSGI_API int uwsgi_add_file_monitor(uint8_t signum, char *path);
/* [any] 1 readable; waits at most timeout seconds. */
UWSGI_API int uwsgi_ready_fd(struct wsgi_request *);

/* ---- Registries
 * ------------------------------------------------------------------------------------------------------------
 */

UWSGI_API int uwsgi_register_loop(const char *name, void (*func)(void)); /* [load] */
UWSGI_API struct uwsgi_plugin *uwsgi_plugin_get(const char *name);       /* [any] */
/* [load] Loads another plugin by name from the plugin folders; 0 also when it was loaded before, -1 when it
 * is absent or refused (the log says why). */
UWSGI_API int uwsgi_load_plugin(const char *name);

#ifdef __cplusplus
}
#endif
