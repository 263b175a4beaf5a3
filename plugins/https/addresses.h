// The addresses of HTTPS: as they were configured, and the TLS context of each.
#pragma once

#include <uwsgi.h>

#include <string>

namespace mortise::https {

struct Options {
  int export_certificate = 0;       // --https-export-cert
  char *session_context = nullptr;  // --https-session-context
};
extern Options options;

struct Address {
  std::string address, certificate, key, ciphers, client_ca;
  SSL_CTX *context = nullptr;
};

// Callbacks of the option table: the gateway listens there. [load]
void add_address(char *name, char *value, void *data);
void add_address_of_pairs(char *name, char *value, void *data);

// Makes the contexts: 0, or -1 with a message. [master]
int load_certificates();

}  // namespace mortise::https
