/* Functions whose arguments have types of OpenSSL and zlib, and libuuid's own, which uWSGI has in it. They
 * are declared where the plugin says that it is built with that library (-DUWSGI_SSL, -DUWSGI_ZLIB,
 * -DUWSGI_UUID; mortise --build-plugin adds them where the library's headers are installed); no structure
 * depends on it. Providers: plugins/tls, plugins/compression. */
#pragma once

#include "mortise/structs.h"

#ifdef UWSGI_SSL
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#endif
#ifdef UWSGI_ZLIB
#include <zlib.h>
#endif
#ifdef UWSGI_UUID
#include <uuid/uuid.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifdef UWSGI_SSL
/* [load] Makes the library ready; calling it again does nothing. */
UWSGI_API void uwsgi_ssl_init(void);
/* [load] A server's context: certificate chain, key, ciphers (NULL: the library's), CA for client
 * certificates (NULL: none; "!file": demanded). NULL with a message in the log. */
UWSGI_API SSL_CTX *uwsgi_ssl_new_server_context(char *name, char *crt, char *key, char *ciphers,
                                                char *client_ca);
/* [any] Signs a message with "ALGORITHM:key.pem": malloc'ed, *sign_len bytes; NULL with a message in the log.
 */
UWSGI_API char *uwsgi_rsa_sign(char *algo_key, char *message, size_t len, unsigned int *sign_len);
/* [any] Path of the certificate of a key in a folder, "base/key.pem" with nothing that leaves it; malloc'ed.
 */
UWSGI_API char *uwsgi_sanitize_cert_filename(char *base, char *key, uint16_t keylen);
#endif

#ifdef UWSGI_ZLIB
/* [any] Streams of deflate (RFC 1951) and gzip (RFC 1952). The chunks returned are malloc'ed, *out_len bytes.
 */
UWSGI_API int uwsgi_deflate_init(z_stream *, char *dictionary, size_t len);
UWSGI_API char *uwsgi_deflate(z_stream *, char *buf, size_t len, size_t *out_len);
UWSGI_API int uwsgi_inflate_init(z_stream *, char *dictionary, size_t len);
UWSGI_API struct uwsgi_buffer *uwsgi_zlib_decompress(char *buf, size_t len);
UWSGI_API int uwsgi_gzip_prepare(z_stream *, char *dictionary, size_t len, uint32_t *crc32);
UWSGI_API char *uwsgi_gzip_chunk(z_stream *, uint32_t *crc32, char *buf, size_t len, size_t *out_len);
UWSGI_API int uwsgi_gzip_fix(z_stream *, uint32_t crc32, struct uwsgi_buffer *, size_t len);
UWSGI_API struct uwsgi_buffer *uwsgi_gzip(char *buf, size_t len);
#endif

#ifdef __cplusplus
}
#endif
