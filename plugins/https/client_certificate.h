// A client's certificate as variables of its requests, with uWSGI's names.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

namespace mortise::https {

class ClientCertificate {
 public:
  // After the handshake, which has verified it.
  explicit ClientCertificate(const SSL *connection);

  // 0, or what add returned: there is no room. Without a certificate nothing is added.
  int add_variables(int (*add)(void *sink, const char *name, uint16_t name_len, const char *value,
                               uint16_t value_len),
                    void *sink) const;

 private:
  std::string der_, subject_, pem_;
};

}  // namespace mortise::https
