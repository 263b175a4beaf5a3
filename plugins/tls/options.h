// What was configured for all contexts.
#pragma once

#include <uwsgi.h>

namespace mortise::tls {

struct Options {
  int allow_tls10 = 0;         // --ssl-enable-tlsv1
  int session_seconds = 0;     // --ssl-sessions-timeout; 0: the library's
  uint64_t context_flags = 0;  // --ssl-option, SSL_OP_… by their numbers
  int verify_depth = 1;        // --ssl-verify-depth
  char *sni_folder = nullptr;  // --sni-dir: NAME.crt and NAME.key
  char *sni_folder_ciphers = nullptr;
  uwsgi_string_list *names = nullptr;     // --sni: "NAME CRT,KEY[,CIPHERS[,CA]]"
  uwsgi_string_list *patterns = nullptr;  // --sni-regexp
};
extern Options options;
extern uwsgi_option option_rows[];

}  // namespace mortise::tls
