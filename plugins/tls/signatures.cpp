// Signing with a private key, and the names of key files.
#include <uwsgi.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "context.h"

namespace {

struct Close {
  void operator()(FILE *file) const { fclose(file); }
};
struct FreeKey {
  void operator()(EVP_PKEY *key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX *context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

using mortise::tls::log_failure;

extern "C" {

// algo_key: "SHA256:/path/of/the/key.pem".
char *uwsgi_rsa_sign(char *algo_key, char *message, size_t len, unsigned int *sign_len) {
  const char *colon = strchr(algo_key, ':');
  const std::string digest_name(algo_key, colon ? static_cast<size_t>(colon - algo_key) : 0);
  const EVP_MD *digest = EVP_get_digestbyname(digest_name.c_str());
  if (!digest)
    return log_failure(std::string("sign: ") + algo_key + " does not begin with a digest and ':'"), nullptr;
  std::unique_ptr<FILE, Close> file(fopen(colon + 1, "re"));
  std::unique_ptr<EVP_PKEY, FreeKey> key(file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr)
                                              : nullptr);
  if (!key) return log_failure(std::string("sign: read the key in ") + (colon + 1)), nullptr;
  std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  size_t size = static_cast<size_t>(EVP_PKEY_size(key.get()));
  auto *signature = static_cast<unsigned char *>(uwsgi_malloc(size));
  const auto *bytes = reinterpret_cast<const unsigned char *>(message);
  if (context && EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), signature, &size, bytes, len) == 1) {
    *sign_len = static_cast<unsigned>(size);
    return reinterpret_cast<char *>(signature);
  }
  free(signature);
  log_failure("sign");
  return nullptr;
}

// base/key.pem, in which the key can lead to no other folder; malloc'ed.
char *uwsgi_sanitize_cert_filename(char *base, char *key, uint16_t keylen) {
  std::string name(key, keylen);
  for (char &c : name)
    if (c == '/' || c == '\0') c = '_';
  return uwsgi_concat4(base, "/", name.c_str(), ".pem");
}

}  // extern "C"
