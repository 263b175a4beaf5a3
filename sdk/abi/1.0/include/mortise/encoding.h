/* Encodings and digests of the wire formats that plugins speak. Implemented in the server. */
#pragma once

#include "mortise/structs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [any] Base64 (RFC 4648 §4) of len bytes; *out_len is the length without the NUL. malloc'ed, the caller's to
 * free(); NULL where the input is not base64. Decoding ignores white space. */
UWSGI_API char *uwsgi_base64_encode(const char *bytes, size_t len, size_t *out_len);
UWSGI_API char *uwsgi_base64_decode(const char *text, size_t len, size_t *out_len);

/* [any] Digests into dst, which has 20 (SHA-1, FIPS 180-4) or 16 bytes (MD5, RFC 1321); returns dst. The 2n
 * form digests two pieces one after the other. For wire formats that demand them, not for secrets. */
UWSGI_API char *uwsgi_sha1(const char *bytes, size_t len, char *dst);
UWSGI_API char *uwsgi_sha1_2n(const char *a, size_t a_len, const char *b, size_t b_len, char *dst);
UWSGI_API char *uwsgi_md5(const char *bytes, size_t len, char *dst);

/* [any] Continues a CRC-32 (RFC 1952 §8); *state starts at 0. */
UWSGI_API void uwsgi_crc32(uint32_t *state, const char *bytes, size_t len);
/* [any] Hash of a key for tables (djb33x and murmur2 as uWSGI names them); NULL for an unknown name. */
struct uwsgi_hash_algo {
  const char *name;
  uint32_t (*func)(const char *key, uint64_t len);
  struct uwsgi_hash_algo *next;
};
UWSGI_API struct uwsgi_hash_algo *uwsgi_hash_algo_get(const char *name);
UWSGI_API void uwsgi_hash_algo_register(const char *name,
                                        uint32_t (*func)(const char *, uint64_t)); /* [load] */

/* [any] Percent-decoding of a path (RFC 3986 §2.1): *len bytes of src into dst, which may be src; *len
 * becomes the length of what was written. "." and ".." segments are resolved, never above the root. */
UWSGI_API void http_url_decode(char *src, uint16_t *len, char *dst);
/* [any] Percent-encoding; dst has 3 * *len bytes. */
UWSGI_API void http_url_encode(char *src, uint16_t *len, char *dst);
/* [any] Reason phrase of a status "404"; *len is its length, 0 where the status is unknown. */
UWSGI_API const char *http_status_code(const char *status, uint16_t *len);

/* [any] text escaped for JSON (RFC 8259 §7) into dst of 2 * len + 1 bytes; rare control bytes become '?'. */
UWSGI_API void escape_json(const char *text, size_t len, char *dst);
/* [any] text with a backslash before each character that is active in a shell (RFC 3875 §4.4), blanks not
 * among them, into dst of 2 * len + 1 bytes, with a NUL. */
UWSGI_API void escape_shell_arg(const char *text, size_t len, char *dst);
/* [any] Parts of a URL-encoded or uwsgi-packed form. Numbers and digits of fixed width: */
UWSGI_API int uwsgi_str2_num(const char *digits);
UWSGI_API int uwsgi_str3_num(const char *digits);
UWSGI_API int uwsgi_str4_num(const char *digits);

#ifdef __cplusplus
}
#endif
