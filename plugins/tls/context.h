// One SSL_CTX of a server: its certificate, key and rules.
#pragma once

#include <uwsgi.h>

#include <string>

namespace mortise::tls {

struct ContextParts {
  std::string name;              // for messages and to keep sessions apart
  std::string certificate, key;  // files
  std::string ciphers;           // "": the library's
  std::string client_ca;         // file; with '!' in front a certificate is demanded; "": none is asked for
};

// nullptr, with a message in the log.
SSL_CTX *make_context(const ContextParts &parts);

// Logs what failed and what OpenSSL's queue has to say about it.
void log_failure(const std::string &what);

}  // namespace mortise::tls
