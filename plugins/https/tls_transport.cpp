#include "tls_transport.h"

#include "addresses.h"
#include "tls_connection.h"

namespace mortise::https {

namespace {

TlsConnection *connection_of(void *connection) {
  return static_cast<TlsConnection *>(connection);
}

void *open(void *data, uwsgi_http_client *client) {
  auto *connection = new TlsConnection(static_cast<Address *>(data)->context, client);
  if (connection->is_open()) return connection;
  delete connection;
  return nullptr;
}

}  // namespace

const uwsgi_http_transport tls_transport = {
    .scheme = "https",
    .open = open,
    .received =
        [](void *connection, const char *bytes, size_t len) {
          return connection_of(connection)->received({bytes, len});
        },
    .write =
        [](void *connection, const iovec *parts, size_t count) {
          return connection_of(connection)->write({parts, count}) ? 0 : -1;
        },
    .end = [](void *connection) { connection_of(connection)->end(); },
    .variables = [](void *connection, int (*add)(void *, const char *, uint16_t, const char *, uint16_t),
                    void *sink) { return connection_of(connection)->certificate().add_variables(add, sink); },
    .close = [](void *connection) { delete connection_of(connection); },
};

}  // namespace mortise::https
