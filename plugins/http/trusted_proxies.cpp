#include "trusted_proxies.h"

#include <arpa/inet.h>
#include <uwsgi.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "field_list.h"
#include "folded.h"
#include "options.h"

namespace mortise::http {

namespace {

struct Address {
  in6_addr bytes;
  bool is_4;
};

std::optional<Address> parse_address(std::string_view text) {
  constexpr size_t kMappedBytes = 12;
  char terminated[INET6_ADDRSTRLEN] = "";
  if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
  text.copy(terminated, text.size());
  Address found{};
  if (inet_pton(AF_INET6, terminated, &found.bytes) == 1) return found;
  found.is_4 = true;
  found.bytes.s6_addr[10] = found.bytes.s6_addr[11] = 0xff;
  if (inet_pton(AF_INET, terminated, found.bytes.s6_addr + kMappedBytes) != 1) return std::nullopt;
  return found;
}

bool begins_alike(const in6_addr &a, const in6_addr &b, unsigned bits) {
  const unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(a.s6_addr, b.s6_addr, whole) != 0) return false;
  return rest == 0 || ((a.s6_addr[whole] ^ b.s6_addr[whole]) >> (8 - rest)) == 0;
}

// Proxies write addresses with ports and in brackets, too.
std::string_view bare(std::string_view text) {
  if (!text.empty() && text.front() == '[') return text.substr(1, text.find(']') - 1);
  const size_t colon = text.find(':');
  return colon != text.npos && text.find(':', colon + 1) == text.npos ? text.substr(0, colon) : text;
}

TrustedProxies trusted;

}  // namespace

void read_trusted_proxies() {
  for (const uwsgi_string_list *item = options.trusted_proxies; item; item = item->next) {
    if (trusted.add(item->value)) continue;
    uwsgi_log_verbose(
        "http: --http-trusted-proxy %s: neither an address nor a network (like 10.0.0.0/8, ::1, unix)\n",
        item->value);
    uwsgi_exit(64);
  }
}

void apply_proxy_claims(const RequestHead &head, Endpoints &ends) {
  if (trusted.empty()) return;
  if (!trusted.contains(ends.remote_addr)) {
    ends.drop_claims = true;
    return;
  }
  const std::string_view peer = ends.remote_addr;
  const auto headers = head.headers();
  bool knows_scheme = ends.tls;
  for (size_t i = headers.size(); i-- > 0;) {
    const HeaderField &field = headers[i];
    if (field.id == HeaderId::kXForwardedFor)
      ends.remote_addr = trusted.client_of(ends.remote_addr, field.value);
    if (field.id == HeaderId::kXForwardedProto && !knows_scheme) {
      knows_scheme = true;
      const size_t comma = field.value.rfind(',');
      ends.tls = equals_folded(
          trim_blanks(comma == field.value.npos ? field.value : field.value.substr(comma + 1)), "https");
    }
  }
  if (ends.remote_addr != peer) ends.remote_port = "0";
}

bool TrustedProxies::add(std::string_view text) {
  if (text == "*") return all_ = true;
  if (text == "unix") return local_ = true;
  const size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return false;
  unsigned bits = 128;
  if (slash < text.size()) {
    const unsigned most = address->is_4 ? 32 : 128;
    auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
    if (error != std::errc() || end != text.data() + text.size() || bits > most) return false;
    bits += 128 - most;
  }
  networks_.push_back({address->bytes, bits});
  return true;
}

bool TrustedProxies::contains(std::string_view text) const {
  if (all_) return true;
  if (text.empty()) return local_;
  const auto address = parse_address(text);
  if (!address) return false;
  for (const Network &network : networks_)
    if (begins_alike(address->bytes, network.address, network.bits)) return true;
  return false;
}

std::string_view TrustedProxies::client_of(std::string_view peer, std::string_view forwarded_for) const {
  std::string_view client = peer;
  while (!forwarded_for.empty() && contains(client)) {
    const size_t comma = forwarded_for.rfind(',');
    std::string_view next =
        bare(trim_blanks(forwarded_for.substr(comma == forwarded_for.npos ? 0 : comma + 1)));
    if (!parse_address(next)) break;  // what is no address ends what can be known
    client = next;
    forwarded_for = comma == forwarded_for.npos ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return client;
}

}  // namespace mortise::http
