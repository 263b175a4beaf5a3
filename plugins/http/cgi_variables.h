// A request head as CGI variables (RFC 3875 §4.1), the same for --http-socket and for the packets of the
// gateway. Where they are stored is the sink's business.
#pragma once

#include <cstdint>
#include <string_view>

#include "cgi_names.h"
#include "repeated_fields.h"
#include "request_parser.h"
#include "url_decode.h"

namespace mortise::http {

// What the connection knows and the head does not.
struct Endpoints {
  std::string_view remote_addr;  // empty: a local client
  std::string_view remote_port;
  std::string_view server_name;  // where the head has no host
  std::string_view server_port;
  bool tls = false;          // the client came over TLS, says a proxy that is believed
  bool drop_claims = false;  // of a peer that is not believed: X-Forwarded-…
};

// The host of "host:port" or "[address]:port", brackets kept.
constexpr std::string_view without_port(std::string_view host) {
  size_t colon = host.rfind(':');
  return colon == host.npos || host.find(']', colon) != host.npos ? host : host.substr(0, colon);
}

// Plugins may end a name in place, so that it is a C string: names are in memory that may be written, and the
// byte behind them is free.
template <size_t N>
struct VariableName {
  char text[N];
  operator std::string_view() const { return {text, N - 1}; }
};
template <size_t N>
VariableName(const char (&)[N]) -> VariableName<N>;
inline constinit VariableName kRequestMethod{"REQUEST_METHOD"};
inline constinit VariableName kRequestUri{"REQUEST_URI"};
inline constinit VariableName kPathInfo{"PATH_INFO"};
inline constinit VariableName kQueryString{"QUERY_STRING"};
inline constinit VariableName kScriptName{"SCRIPT_NAME"};
inline constinit VariableName kServerProtocol{"SERVER_PROTOCOL"};
inline constinit VariableName kServerName{"SERVER_NAME"};
inline constinit VariableName kServerPort{"SERVER_PORT"};
inline constinit VariableName kRequestScheme{"REQUEST_SCHEME"};
inline constinit VariableName kHttps{"HTTPS"};
inline constinit VariableName kUwsgiRouter{"UWSGI_ROUTER"};
inline constinit VariableName kRemoteAddr{"REMOTE_ADDR"};
inline constinit VariableName kRemotePort{"REMOTE_PORT"};

// Sink: bool add(name, value), whose views live as long as the head, the endpoints or what allocate gave; and
// char *allocate(size), nullptr when there is no room. False: there was no room.
template <typename Sink>
class CgiVariables {
 public:
  // max_bytes: in a packet of the uwsgi protocol, the endpoints not counted. Both ways in apply it, so that
  // both refuse the same heads.
  CgiVariables(Sink &sink, const RequestHead &head, size_t max_bytes = SIZE_MAX)
      : sink_(sink), head_(head), left_(max_bytes) {}

  bool write(const Endpoints &ends) {
    drop_claims_ = ends.drop_claims;
    using namespace std::string_view_literals;
    const std::string_view host = head_.host.empty() ? ends.server_name : without_port(head_.host);
    return add(kRequestMethod, head_.method) && add(kRequestUri, head_.target) && path() &&
           add(kQueryString, head_.query) && sink_.add(kScriptName, ""sv) &&
           sink_.add(kServerProtocol, head_.minor == 0 ? "HTTP/1.0"sv : "HTTP/1.1"sv) &&
           sink_.add(kServerName, host) && sink_.add(kServerPort, ends.server_port) &&
           sink_.add(kRequestScheme, ends.tls ? "https"sv : "http"sv) &&
           (!ends.tls || sink_.add(kHttps, "on"sv)) && sink_.add(kUwsgiRouter, "http"sv) &&
           sink_.add(kRemoteAddr, ends.remote_addr) && sink_.add(kRemotePort, ends.remote_port) &&
           (has_repeated_fields(head_.headers()) ? fields_joined() : fields());
  }

 private:
  static constexpr size_t kLengthBytes = 4;  // of a name and a value
  bool add(std::string_view name, std::string_view value) {
    const size_t bytes = name.size() + value.size() + kLengthBytes;
    if (bytes > left_) return false;
    left_ -= bytes;
    return sink_.add(name, value);
  }

  bool path() {
    std::string_view path = head_.path;
    if (path.find('%') != path.npos) {
      char *memory = sink_.allocate(path.size());
      auto decoded = memory ? decode_path(path, {memory, path.size()}) : std::nullopt;
      if (!decoded) return false;
      path = *decoded;
    }
    return add(kPathInfo, path);
  }

  bool fields() {
    for (const HeaderField &field : head_.headers())
      if (!add_field(field, field.value)) return false;
    return true;
  }

  // RFC 9110 §5.3: lines of one name are one value.
  bool fields_joined() {
    RepeatedFields repeated(head_.headers());
    for (const HeaderField &field : head_.headers()) {
      if (repeated.is_repetition(field)) continue;
      std::string_view value = field.value;
      if (size_t size = repeated.joined_bytes(field); size > value.size()) {
        char *memory = sink_.allocate(size);
        if (!memory) return false;
        repeated.join(field, memory);
        value = {memory, size};
      }
      if (!add_field(field, value)) return false;
    }
    return true;
  }

  bool add_field(const HeaderField &field, std::string_view value) {
    if (drop_claims_ && is_proxy_claim(field.id)) return true;
    if (field.id != HeaderId::kUnknown) {
      std::string_view name = cgi_name(field, {});
      return name.empty() || add(name, value);
    }
    const size_t bytes = field.name.size() + kCgiPrefixBytes;
    char *memory = sink_.allocate(bytes + 1);
    if (!memory) return false;
    memory[bytes] = '\0';
    std::string_view name = cgi_name(field, {memory, bytes});
    return name.empty() || add(name, value);
  }

  Sink &sink_;
  const RequestHead &head_;
  size_t left_;
  bool drop_claims_ = false;
};

}  // namespace mortise::http
