// The current request written anew as an HTTP/1.0 request for another server (RFC 9112 §9.3: it closes after
// its answer, whose end is then the end of the connection).
#include <uwsgi.h>

#include <string>
#include <string_view>

namespace {

// Headers that speak of one connection alone (RFC 9110 §7.6.1), or that are written below.
bool is_own(std::string_view name) {
  for (std::string_view own : {"HOST", "CONNECTION", "KEEP_ALIVE", "PROXY_CONNECTION", "TE", "TRAILER",
                               "TRANSFER_ENCODING", "UPGRADE", "EXPECT", "CONTENT_LENGTH", "CONTENT_TYPE"})
    if (name == own) return true;
  return false;
}

// X_FORWARDED_FOR is X-Forwarded-For again.
std::string header_of(std::string_view variable) {
  std::string name(variable);
  bool first = true;
  for (char &c : name) {
    if (c == '_') {
      c = '-';
    } else if (!first) {
      c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
    }
    first = c == '-';
  }
  return name;
}

std::string request_text(const wsgi_request *request, std::string_view host, std::string_view target,
                         bool forwarded) {
  constexpr std::string_view kHeader = "HTTP_";
  std::string text(request->method, request->method_len), forwarded_for;
  auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text.append(name).append(": ").append(value).append("\r\n");
  };
  text.append(" ").append(target).append(" HTTP/1.0\r\n");
  add("Host", host.empty() ? std::string_view(request->host, request->host_len) : host);
  for (int i = 0; i + 1 < request->var_cnt; i += 2) {
    std::string_view name(static_cast<char *>(request->hvec[i].iov_base), request->hvec[i].iov_len);
    const std::string_view value(static_cast<char *>(request->hvec[i + 1].iov_base),
                                 request->hvec[i + 1].iov_len);
    if (!name.starts_with(kHeader)) continue;
    name.remove_prefix(kHeader.size());
    if (forwarded && name == "X_FORWARDED_FOR") {
      forwarded_for = value;
    } else if (!is_own(name)) {
      add(header_of(name), value);
    }
  }
  add("Content-Type", {request->content_type, request->content_type_len});
  if (request->post_cl > 0) add("Content-Length", std::to_string(request->post_cl));
  if (forwarded) {
    if (!forwarded_for.empty()) forwarded_for += ", ";
    add("X-Forwarded-For", forwarded_for.append(request->remote_addr, request->remote_addr_len));
    if (request->https_len > 0) add("X-Forwarded-Proto", "https");
  }
  return text.append("Connection: close\r\n\r\n");
}

uwsgi_buffer *buffer_of(wsgi_request *request, char *host, uint16_t host_len, char *uri, uint16_t uri_len,
                        bool forwarded) {
  const std::string_view own_target(request->uri, request->uri_len);
  const std::string_view target = uri && uri_len ? std::string_view(uri, uri_len) : own_target;
  const std::string text = request_text(request, {host, host ? host_len : size_t{0}}, target, forwarded);
  uwsgi_buffer *buffer = uwsgi_buffer_new(text.size());
  if (uwsgi_buffer_append(buffer, text.data(), text.size()) == 0) return buffer;
  uwsgi_buffer_destroy(buffer);
  return nullptr;
}

}  // namespace

extern "C" {

uwsgi_buffer *uwsgi_to_http(wsgi_request *request, char *host, uint16_t host_len, char *uri,
                            uint16_t uri_len) {
  return buffer_of(request, host, host_len, uri, uri_len, true);
}

uwsgi_buffer *uwsgi_to_http_dumb(wsgi_request *request, char *host, uint16_t host_len, char *uri,
                                 uint16_t uri_len) {
  return buffer_of(request, host, host_len, uri, uri_len, false);
}

int uwsgi_is_full_http(uwsgi_buffer *buffer) {
  return std::string_view(buffer->buf, buffer->pos).find("\r\n\r\n") != std::string_view::npos;
}

}  // extern "C"
