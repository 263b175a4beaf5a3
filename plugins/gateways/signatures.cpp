// Whether an announcement was signed with a key of subscriptions-sign-check = ALGORITHM:FOLDER. The public
// key of the domain is FOLDER/DOMAIN.pem; a time stamp that runs backwards is a replay.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "access.h"
#include "choice.h"

using mortise::gateways::access_rules;

namespace {

struct Check {
  std::string algorithm, folder;
};

const Check &configured() {
  static const Check check = [] {
    const std::string_view text = uwsgi.subscriptions_sign_check_dir;
    const size_t colon = text.find(':');
    if (colon == text.npos) return Check{"SHA1", std::string(text)};
    return Check{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  }();
  return check;
}

EVP_PKEY *key_of(uwsgi_subscribe_slot *slot) {
  if (slot->sign_public_key) return static_cast<EVP_PKEY *>(slot->sign_public_key);
  std::string name(slot->key, std::min<size_t>(strcspn(slot->key, ":"), slot->keylen));
  for (char &c : name)
    if (c == '/') c = '_';  // a key of the network must not leave the folder
  const std::string path = configured().folder + "/" + name + ".pem";
  std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "re"), fclose);
  if (!file) {
    uwsgi_error_open(path.c_str());
    return nullptr;
  }
  EVP_PKEY *key = PEM_read_PUBKEY(file.get(), nullptr, nullptr, nullptr);
  if (!key) uwsgi_log("subscriptions-sign-check: %s is no public key in PEM form\n", path.c_str());
  slot->sign_public_key = key;
  return key;
}

}  // namespace

void mortise::gateways::forget_key(uwsgi_subscribe_slot *slot) {
  EVP_PKEY_free(static_cast<EVP_PKEY *>(slot->sign_public_key));
}

extern "C" int uwsgi_subscription_sign_check(uwsgi_subscribe_slot *slot, uwsgi_subscribe_req *request) {
  if (request->sign_len == 0 || !request->base) return 0;
  const auto now = static_cast<uint64_t>(uwsgi_now());
  const auto oldest = now - static_cast<uint64_t>(access_rules.sign_tolerance_seconds);
  if (request->unix_check && request->unix_check < oldest) return 0;  // somebody may have recorded it
  EVP_PKEY *key = key_of(slot);
  const EVP_MD *digest = EVP_get_digestbyname(configured().algorithm.c_str());
  if (!key || !digest) return 0;
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX *)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char *>(request->sign),
                       request->sign_len, reinterpret_cast<const unsigned char *>(request->base),
                       request->base_len) == 1;
  if (good && request->unix_check > 0 && slot->nodes && request->unix_check < slot->nodes->unix_check)
    return 0;
  return good;
}
