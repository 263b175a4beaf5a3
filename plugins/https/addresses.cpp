#include "addresses.h"

#include <mortise/http_gateway.h>

#include <cstdlib>
#include <deque>
#include <string_view>

#include "tls_transport.h"

namespace mortise::https {

constinit Options options;

namespace {

// Never destroyed: OpenSSL cleans up before that, and contexts would outlive it.
std::deque<Address> &addresses() {
  static auto &all = *new std::deque<Address>;
  return all;
}

[[noreturn]] void refuse(const char *name, const char *value, const char *form) {
  constexpr int kUsage = 64;
  uwsgi_log("%s = '%s': it is written %s\n", name, value, form);
  exit(kUsage);
}

void listen(Address address) {
  Address &added = addresses().emplace_back(std::move(address));
  uwsgi_http_listen(added.address.c_str(), &tls_transport, &added);
}

// Takes the malloc'ed value of a pair.
std::string taken(char *value) {
  std::string text(value ? value : "");
  free(value);
  return text;
}

}  // namespace

void add_address(char *name, char *value, void *) {
  Address address;
  std::string *const parts[] = {&address.address, &address.certificate, &address.key, &address.ciphers,
                                &address.client_ca};
  std::string_view rest(value);
  for (std::string *part : parts) {
    const size_t comma = part == &address.client_ca ? rest.npos : rest.find(',');
    *part = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
  }
  if (address.address.empty() || address.certificate.empty() || address.key.empty())
    refuse(name, value, "ADDRESS,CERT,KEY[,CIPHERS[,CLIENT_CA]]");
  listen(std::move(address));
}

void add_address_of_pairs(char *name, char *value, void *) {
  constexpr const char *kForm = "addr=ADDRESS,cert=CERT,key=KEY[,ciphers=…][,clientca=…]";
  char *addr = nullptr, *cert = nullptr, *crt = nullptr, *key = nullptr, *ciphers = nullptr, *ca = nullptr,
       *client_ca = nullptr, *spdy = nullptr;
  if (uwsgi_kvlist_parse_strict(value, strlen(value), ',', '=', "addr", &addr, "cert", &cert, "crt", &crt,
                                "key", &key, "ciphers", &ciphers, "clientca", &ca, "client_ca", &client_ca,
                                "spdy", &spdy, nullptr))
    refuse(name, value, kForm);
  if (!taken(spdy).empty()) uwsgi_log("%s: spdy has no clients any more: HTTP/1.1 is served\n", name);
  Address address{taken(addr), taken(cert) + taken(crt), taken(key), taken(ciphers),
                  taken(ca) + taken(client_ca)};
  if (address.address.empty() || address.certificate.empty() || address.key.empty())
    refuse(name, value, kForm);
  listen(std::move(address));
}

int load_certificates() {
  for (Address &address : addresses()) {
    char *const name = options.session_context ? options.session_context : address.address.data();
    address.context =
        uwsgi_ssl_new_server_context(name, address.certificate.data(), address.key.data(),
                                     address.ciphers.empty() ? nullptr : address.ciphers.data(),
                                     address.client_ca.empty() ? nullptr : address.client_ca.data());
    if (!address.context) return -1;
  }
  return 0;
}

}  // namespace mortise::https
