// Which certificate a client gets by the server name that it asks for (RFC 6066 §3): sni, sni-regexp,
// sni-dir.
#pragma once

#include <uwsgi.h>

#include <string_view>

namespace mortise::tls {

// Contexts for what was configured: 0, or -1 with a message. [load]
int load_server_names();

// From now on the context gives way to those of other names.
void serve_names_with(SSL_CTX *context);

// Whether a name can stand in a file's name: what a client sends is not to be trusted. Pure.
bool is_server_name(std::string_view name);

}  // namespace mortise::tls
