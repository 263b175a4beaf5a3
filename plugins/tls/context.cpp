#include "context.h"

#include <memory>

#include "options.h"
#include "server_names.h"

namespace mortise::tls {

namespace {

struct Free {
  void operator()(SSL_CTX *context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;

// Clients that say which protocols they speak (RFC 7301) learn that it is this one; one that does not speak
// it is not told, and may try.
int choose_http(SSL *, const unsigned char **out, unsigned char *out_len, const unsigned char *offered,
                unsigned offered_len, void *) {
  static const unsigned char kHttp[] = "\x08http/1.1";
  unsigned char *chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_len, kHttp, sizeof kHttp - 1, offered, offered_len) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A key that wants a passphrase is an error: a server has nobody to ask.
int no_passphrase(char *, int, int, void *) {
  return 0;
}

bool load_pair(SSL_CTX *context, const ContextParts &parts) {
  if (SSL_CTX_use_certificate_chain_file(context, parts.certificate.c_str()) != 1)
    return log_failure(parts.name + ": read the certificates in " + parts.certificate), false;
  if (SSL_CTX_use_PrivateKey_file(context, parts.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return log_failure(parts.name + ": read the key in " + parts.key), false;
  if (SSL_CTX_check_private_key(context) != 1)
    return log_failure(parts.name + ": " + parts.key + " is not the key of " + parts.certificate), false;
  return true;
}

bool ask_clients(SSL_CTX *context, const ContextParts &parts) {
  const bool demanded = parts.client_ca.starts_with('!');
  const std::string file = parts.client_ca.substr(demanded);
  STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file.c_str());
  if (!names || SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1)
    return log_failure(parts.name + ": read the CA for clients in " + file), false;
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (demanded ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  SSL_CTX_set_verify_depth(context, options.verify_depth);
  return true;
}

}  // namespace

void log_failure(const std::string &what) {
  char why[256] = "no more is known";
  if (const unsigned long error = ERR_get_error()) ERR_error_string_n(error, why, sizeof why);
  ERR_clear_error();
  uwsgi_log("TLS: %s: %s\n", what.c_str(), why);
}

SSL_CTX *make_context(const ContextParts &parts) {
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return log_failure(parts.name + ": make a context"), nullptr;
  SSL_CTX_set_min_proto_version(context.get(), options.allow_tls10 ? TLS1_VERSION : TLS1_2_VERSION);
  // Old protocols need ciphers and signatures that the library's usual level refuses.
  if (options.allow_tls10) SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | options.context_flags);
  // Gateways are event loops: a write may come back with another buffer, and idle connections cost less.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http, nullptr);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  if (!parts.ciphers.empty() && SSL_CTX_set_cipher_list(context.get(), parts.ciphers.c_str()) != 1)
    return log_failure(parts.name + ": ciphers '" + parts.ciphers + "'"), nullptr;
  if (!load_pair(context.get(), parts)) return nullptr;
  if (!parts.client_ca.empty() && !ask_clients(context.get(), parts)) return nullptr;
  const std::string session_name = parts.name.substr(0, SSL_MAX_SID_CTX_LENGTH);
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char *>(session_name.data()),
                                 static_cast<unsigned>(session_name.size()));
  if (options.session_seconds > 0) SSL_CTX_set_timeout(context.get(), options.session_seconds);
  return context.release();
}

}  // namespace mortise::tls

using namespace mortise::tls;

extern "C" {

void uwsgi_ssl_init(void) {
  if (uwsgi.ssl_initialized) return;
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr);
  uwsgi.ssl_initialized = 1;
}

SSL_CTX *uwsgi_ssl_new_server_context(char *name, char *crt, char *key, char *ciphers, char *client_ca) {
  uwsgi_ssl_init();
  auto text = [](const char *given) { return std::string(given ? given : ""); };
  SSL_CTX *context = make_context({text(name), text(crt), text(key), text(ciphers), text(client_ca)});
  if (context) serve_names_with(context);
  return context;
}

}  // extern "C"
