// The contexts of the tls plugin, with a certificate that is made here.
#define UWSGI_SSL
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <uwsgi.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

#include "plugins/tls/server_names.h"

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/tls_test_XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string make_pair(const std::string &base) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  FILE *file = fopen((base + ".crt").c_str(), "w");
  PEM_write_X509(file, certificate);
  fclose(file);
  file = fopen((base + ".key").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return base;
}

SSL_CTX *context(const std::string &crt, const std::string &key, const char *ciphers = nullptr) {
  char name[] = "test";
  return uwsgi_ssl_new_server_context(name, const_cast<char *>(crt.c_str()), const_cast<char *>(key.c_str()),
                                      const_cast<char *>(ciphers), nullptr);
}

}  // namespace

TEST_CASE("a context has a certificate and speaks TLS 1.2 at least", "[tls]") {
  Folder folder;
  std::string base = make_pair(folder.path + "/a");
  SSL_CTX *made = context(base + ".crt", base + ".key");
  REQUIRE(made);
  CHECK(SSL_CTX_get_min_proto_version(made) == TLS1_2_VERSION);
  CHECK((SSL_CTX_get_options(made) & SSL_OP_NO_COMPRESSION) != 0);
  SSL_CTX_free(made);
}

TEST_CASE("files that do not belong together make no context", "[tls]") {
  Folder folder;
  std::string a = make_pair(folder.path + "/a"), b = make_pair(folder.path + "/b");
  CHECK(!context(a + ".crt", b + ".key"));
  CHECK(!context(a + ".crt", folder.path + "/none"));
  CHECK(!context(folder.path + "/none", a + ".key"));
  CHECK(!context(a + ".crt", a + ".key", "no such cipher"));
}

TEST_CASE("a message is signed", "[tls]") {
  Folder folder;
  std::string base = make_pair(folder.path + "/a");
  char message[] = "text";
  unsigned len = 0;
  char *signature = uwsgi_rsa_sign(const_cast<char *>(("SHA256:" + base + ".key").c_str()), message, 4, &len);
  REQUIRE(signature);
  CHECK(len > 32);
  free(signature);
  CHECK(!uwsgi_rsa_sign(const_cast<char *>("NONE:x"), message, 4, &len));
  CHECK(!uwsgi_rsa_sign(const_cast<char *>("x"), message, 4, &len));
}

TEST_CASE("names that clients send lead to no other folder", "[tls]") {
  char base[] = "/etc/keys", key[] = "../../x";
  char *name = uwsgi_sanitize_cert_filename(base, key, 7);
  CHECK(std::string(name) == "/etc/keys/.._.._x.pem");
  free(name);
  CHECK(mortise::tls::is_server_name("www.example-1.org"));
  for (const char *wrong : {"", ".hidden", "a/b", "a\\b", "A.org", "a b"})
    CHECK(!mortise::tls::is_server_name(wrong));
  CHECK(!mortise::tls::is_server_name(std::string(300, 'a')));
}
