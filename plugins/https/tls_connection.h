// One connection of TLS: from the bytes of the socket to those of HTTP and back. Idle, it holds no buffers.
#pragma once

#include <mortise/http_gateway.h>
#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string_view>

#include "client_certificate.h"

namespace mortise::https {

class TlsConnection {
 public:
  TlsConnection(SSL_CTX *context, uwsgi_http_client *client);
  TlsConnection(const TlsConnection &) = delete;
  TlsConnection &operator=(const TlsConnection &) = delete;

  bool is_open() const { return ssl_ != nullptr; }
  // UWSGI_HTTP_…
  int received(std::string_view bytes);
  bool write(std::span<const iovec> parts);
  // Says that nothing more comes (RFC 8446 §6.1).
  void end();
  // Of the client, once it has sent a request.
  const ClientCertificate &certificate();

 private:
  int take_in();
  bool flush();
  int broken(int error);

  struct Free {
    void operator()(SSL *ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  uwsgi_http_client *const client_;
  std::unique_ptr<ClientCertificate> certificate_;
  bool begun_ = false;
  bool broken_ = false;  // nothing more may be asked of OpenSSL
};

}  // namespace mortise::https
