#include "options.h"

#include <cstdlib>
#include <cstring>

namespace mortise::tls {

Options options;

namespace {

void add_context_flag(char *name, char *value, void *) {
  char *end;
  const unsigned long long flag = strtoull(value, &end, 0);
  if (!*value || *end) {
    uwsgi_log("%s = '%s': it is the number of an SSL_OP_… of OpenSSL, or several added\n", name, value);
    exit(64);
  }
  options.context_flags |= flag;
}

void refuse_sslv3(char *name, char *, void *) {
  uwsgi_log("%s: SSL 3 is broken (RFC 7568) and stays off\n", name);
}

}  // namespace

uwsgi_option option_rows[] = {
    {"ssl-verbose", no_argument, 0, "log each failure of a TLS connection", uwsgi_opt_true,
     &uwsgi.ssl_verbose, 0},
    {"ssl-enable-tlsv1", no_argument, 0, "let clients of TLS 1.0 and 1.1 in", uwsgi_opt_true,
     &options.allow_tls10, 0},
    {"ssl-enable-sslv3", no_argument, 0, "refused: SSL 3 is broken", refuse_sslv3, nullptr, 0},
    {"ssl-enable3", no_argument, 0, "refused: SSL 3 is broken", refuse_sslv3, nullptr, 0},
    {"ssl-option", required_argument, 0, "switch on an SSL_OP_… of OpenSSL, by its number", add_context_flag,
     nullptr, 0},
    {"ssl-sessions-timeout", required_argument, 0, "seconds for which a session can be taken up again",
     uwsgi_opt_set_int, &options.session_seconds, 0},
    {"ssl-session-timeout", required_argument, 0, "same as ssl-sessions-timeout", uwsgi_opt_set_int,
     &options.session_seconds, 0},
    {"ssl-verify-depth", required_argument, 0, "certificates between that of a client and its CA's",
     uwsgi_opt_set_int, &options.verify_depth, 0},
    {"sni", required_argument, 0, "another certificate for a server name: NAME CRT,KEY[,CIPHERS[,CA]]",
     uwsgi_opt_add_string_list, &options.names, 0},
    {"sni-regexp", required_argument, 0, "same, for the names that match a pattern",
     uwsgi_opt_add_string_list, &options.patterns, 0},
    {"sni-dir", required_argument, 0, "a folder with NAME.crt and NAME.key for each server name",
     uwsgi_opt_set_str, &options.sni_folder, 0},
    {"sni-dir-ciphers", required_argument, 0, "the ciphers for those of sni-dir", uwsgi_opt_set_str,
     &options.sni_folder_ciphers, 0},
    UWSGI_END_OF_OPTIONS};

}  // namespace mortise::tls
