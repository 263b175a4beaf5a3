// What members of a legion say to each other is encrypted and authenticated: a packet is a random
// initialisation vector, the text encrypted by the configured cipher, and an HMAC-SHA256 of both
// (encrypt-then-MAC). Both keys are derived from the secret.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

typedef struct evp_cipher_st EVP_CIPHER;

namespace mortise::legion {

class Cipher {
 public:
  // Nothing where the library has no such cipher, or only one that is not for packets.
  static std::optional<Cipher> create(const std::string &algorithm, const std::string &secret);

  std::string seal(std::string_view text) const;
  // Nothing: it was not sealed with this secret, or changed on its way.
  std::optional<std::string> open(std::string_view packet) const;

 private:
  Cipher(std::shared_ptr<EVP_CIPHER> cipher, const std::string &secret);
  std::string mac_of(std::string_view bytes) const;

  std::shared_ptr<EVP_CIPHER> cipher_;
  std::string key_, mac_key_;
};

}  // namespace mortise::legion
