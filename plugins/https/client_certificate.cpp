#include "client_certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string_view>

#include "addresses.h"

namespace mortise::https {

namespace {

struct Free {
  void operator()(X509 *certificate) const { X509_free(certificate); }
  void operator()(BIO *bio) const { BIO_free(bio); }
  void operator()(char *text) const { OPENSSL_free(text); }
};

}  // namespace

ClientCertificate::ClientCertificate(const SSL *connection) {
  std::unique_ptr<X509, Free> certificate(SSL_get1_peer_certificate(connection));
  if (!certificate) return;
  if (const int size = i2d_X509(certificate.get(), nullptr); size > 0) {
    der_.resize(static_cast<size_t>(size));
    auto *out = reinterpret_cast<unsigned char *>(der_.data());
    i2d_X509(certificate.get(), &out);
  }
  std::unique_ptr<char, Free> subject(
      X509_NAME_oneline(X509_get_subject_name(certificate.get()), nullptr, 0));
  if (subject) subject_ = subject.get();
  if (!options.export_certificate) return;
  std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  char *text = nullptr;
  if (!bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return;
  if (const long size = BIO_get_mem_data(bio.get(), &text); size > 0)
    pem_.assign(text, static_cast<size_t>(size));
}

int ClientCertificate::add_variables(int (*add)(void *, const char *, uint16_t, const char *, uint16_t),
                                     void *sink) const {
  const std::pair<std::string_view, const std::string &> variables[] = {
      {"HTTPS_CLIENT_CERTIFICATE", der_}, {"HTTPS_DN", subject_}, {"HTTPS_CC", pem_}};
  for (const auto &[name, value] : variables) {
    if (value.empty()) continue;
    if (value.size() > UINT16_MAX) return -1;
    if (int full = add(sink, name.data(), static_cast<uint16_t>(name.size()), value.data(),
                       static_cast<uint16_t>(value.size())))
      return full;
  }
  return 0;
}

}  // namespace mortise::https
