#include "cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

namespace mortise::legion {

namespace {

constexpr size_t kMacBytes = 32;

unsigned char *bytes(std::string &text) {
  return reinterpret_cast<unsigned char *>(text.data());
}
const unsigned char *bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char *>(text.data());
}

std::string hmac(std::string_view key, std::string_view text) {
  std::string mac(kMacBytes, '\0');
  unsigned int len = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text), text.size(), bytes(mac), &len);
  return mac;
}

using Context = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX *)>;

// The whole text in one direction; empty: it failed.
std::string run(const EVP_CIPHER *cipher, std::string_view key, std::string_view vector,
                std::string_view text, int encrypt) {
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string out(text.size() + EVP_MAX_BLOCK_LENGTH, '\0');
  int len = 0, rest = 0;
  if (!EVP_CipherInit_ex(context.get(), cipher, nullptr, bytes(key), bytes(vector), encrypt) ||
      !EVP_CipherUpdate(context.get(), bytes(out), &len, bytes(text), static_cast<int>(text.size())) ||
      !EVP_CipherFinal_ex(context.get(), bytes(out) + len, &rest))
    return {};
  out.resize(static_cast<size_t>(len + rest));
  return out;
}

}  // namespace

Cipher::Cipher(std::shared_ptr<EVP_CIPHER> cipher, const std::string &secret) : cipher_(std::move(cipher)) {
  const size_t key_bytes = static_cast<size_t>(EVP_CIPHER_get_key_length(cipher_.get()));
  key_ = hmac(secret, "legion cipher 1") + hmac(secret, "legion cipher 2");  // as long as any key
  key_.resize(key_bytes);
  mac_key_ = hmac(secret, "legion packet");
}

// bf-cbc, which uWSGI's documents use, is among those that OpenSSL 3 calls legacy.
std::optional<Cipher> Cipher::create(const std::string &algorithm, const std::string &secret) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(nullptr, algorithm.c_str(), nullptr);
  if (!cipher && OSSL_PROVIDER_try_load(nullptr, "legacy", 1))
    cipher = EVP_CIPHER_fetch(nullptr, algorithm.c_str(), nullptr);
  if (!cipher) return std::nullopt;
  std::shared_ptr<EVP_CIPHER> owned(cipher, EVP_CIPHER_free);
  const int mode = EVP_CIPHER_get_mode(cipher);
  if (mode != EVP_CIPH_CBC_MODE && mode != EVP_CIPH_CTR_MODE && mode != EVP_CIPH_CFB_MODE &&
      mode != EVP_CIPH_OFB_MODE)
    return std::nullopt;
  return Cipher(std::move(owned), secret);
}

std::string Cipher::mac_of(std::string_view text) const {
  return hmac(mac_key_, text);
}

std::string Cipher::seal(std::string_view text) const {
  std::string vector(static_cast<size_t>(EVP_CIPHER_get_iv_length(cipher_.get())), '\0');
  if (RAND_bytes(bytes(vector), static_cast<int>(vector.size())) != 1) return {};
  const std::string secret_text = run(cipher_.get(), key_, vector, text, 1);
  if (secret_text.empty()) return {};
  const std::string packet = vector + secret_text;
  return packet + mac_of(packet);
}

std::optional<std::string> Cipher::open(std::string_view packet) const {
  const size_t vector_bytes = static_cast<size_t>(EVP_CIPHER_get_iv_length(cipher_.get()));
  if (packet.size() <= vector_bytes + kMacBytes) return std::nullopt;
  const std::string_view sealed = packet.substr(0, packet.size() - kMacBytes);
  const std::string_view mac = packet.substr(sealed.size());
  if (CRYPTO_memcmp(mac_of(sealed).data(), mac.data(), kMacBytes)) return std::nullopt;
  std::string text = run(cipher_.get(), key_, sealed.substr(0, vector_bytes), sealed.substr(vector_bytes), 0);
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace mortise::legion
