#include "signing.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <uwsgi.h>

#include <memory>

namespace mortise::gateways {

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY *)>;

Key read_key(const std::string &path) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "re"), fclose);
  return {file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr, EVP_PKEY_free};
}

}  // namespace

bool can_sign(const std::string &algorithm, const std::string &key_file) {
  return EVP_get_digestbyname(algorithm.c_str()) && read_key(key_file);
}

std::string signature(const std::string &algorithm, const std::string &key_file, std::string_view text) {
  const Key key = read_key(key_file);
  const EVP_MD *digest = EVP_get_digestbyname(algorithm.c_str());
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX *)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto *bytes = reinterpret_cast<const unsigned char *>(text.data());
  size_t len = 0;
  if (!key || !digest || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &len, bytes, text.size()) != 1) {
    uwsgi_log("subscribe-to: sign with %s: it cannot be read (the gateway will refuse it)\n",
              key_file.c_str());
    return {};
  }
  std::string signed_by(len, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char *>(signed_by.data()), &len, bytes,
                     text.size()) != 1)
    return {};
  signed_by.resize(len);
  return signed_by;
}

}  // namespace mortise::gateways
