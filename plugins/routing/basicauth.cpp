// basicauth:realm,user:password or realm,file as htpasswd writes it: HTTP's Basic authentication (RFC 7617).
#include <crypt.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "action.h"

namespace mortise::routing {

namespace {

// As long for a wrong first byte as for a wrong last one.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ (b.empty() ? 0 : b[i % b.size()]));
  return difference == 0;
}

struct Free {
  void operator()(void *memory) const { free(memory); }
};
struct Close {
  void operator()(FILE *file) const { fclose(file); }
};

// {SHA} is the base64 of a SHA-1; all else is crypt(3)'s business ($2y$, $6$, $5$, $1$, DES).
bool password_fits(const std::string &password, const std::string &stored) {
  if (stored.starts_with("{SHA}")) {
    char digest[20];
    size_t len = 0;
    uwsgi_sha1(password.data(), password.size(), digest);
    std::unique_ptr<char, Free> text(uwsgi_base64_encode(digest, sizeof digest, &len));
    return text && same_secret(std::string_view(text.get(), len), std::string_view(stored).substr(5));
  }
  auto state = std::make_unique<crypt_data>();
  const char *made = crypt_r(password.c_str(), stored.c_str(), state.get());
  return made && made[0] != '*' && same_secret(made, stored);
}

bool file_has(const char *path, const std::string &user, const std::string &password) {
  std::unique_ptr<FILE, Close> file(fopen(path, "re"));
  if (!file) {
    uwsgi_log("basicauth: %s: %s (nobody can log in)\n", path, strerror(errno));
    return false;
  }
  char line[1024];
  while (fgets(line, sizeof line, file.get())) {
    line[strcspn(line, "\r\n")] = '\0';
    char *colon = strchr(line, ':');
    if (!colon || std::string_view(line, static_cast<size_t>(colon - line)) != user) continue;
    std::string stored = colon + 1;
    stored.resize(std::min(stored.size(), stored.find(':')));  // more fields may follow
    return password_fits(password, stored);
  }
  return false;
}

int challenge(wsgi_request *request, const uwsgi_route *route) {
  const std::string realm = "Basic realm=\"" + std::string(static_cast<char *>(route->data)) + "\"";
  if (uwsgi_response_prepare_headers(request, "401 Unauthorized", 16)) return UWSGI_ROUTE_BREAK;
  if (uwsgi_response_add_header(request, "WWW-Authenticate", 16, realm.data(),
                                static_cast<uint16_t>(realm.size())))
    return UWSGI_ROUTE_BREAK;
  constexpr std::string_view kBody = "Unauthorized";
  uwsgi_response_add_content_type(request, "text/plain", 10);
  uwsgi_response_add_content_length(request, kBody.size());
  uwsgi_response_write_body_do(request, kBody.data(), kBody.size());
  return UWSGI_ROUTE_BREAK;
}

// data: realm, data2: user:password (custom is the user's length) or a file, data3_len: others may try next.
int authenticate(wsgi_request *request, uwsgi_route *route) {
  if (request->remote_user_len > 0) return UWSGI_ROUTE_NEXT;
  const std::string_view header(request->authorization, request->authorization_len);
  if (header.size() < 7 || strncasecmp(header.data(), "Basic ", 6) != 0) return challenge(request, route);
  size_t len = 0;
  std::unique_ptr<char, Free> decoded(uwsgi_base64_decode(header.data() + 6, header.size() - 6, &len));
  const std::string_view pair = decoded ? std::string_view(decoded.get(), len) : std::string_view{};
  const size_t colon = pair.find(':');
  if (colon == pair.npos) return challenge(request, route);
  const std::string user(pair.substr(0, colon)), password(pair.substr(colon + 1));
  const char *accepted = static_cast<char *>(route->data2);
  const bool fits =
      route->custom ? same_secret(pair, {accepted, route->data2_len}) : file_has(accepted, user, password);
  if (!fits) return route->data3_len ? UWSGI_ROUTE_NEXT : challenge(request, route);
  char *stored = set_variable(request, "REMOTE_USER", user);
  if (!stored) return challenge(request, route);
  request->remote_user = stored;
  request->remote_user_len = static_cast<uint16_t>(user.size());
  return UWSGI_ROUTE_NEXT;
}

int set_up(uwsgi_route *route, char *args) {
  char *comma = strchr(args, ',');
  if (!comma || !comma[1]) {
    uwsgi_log("basicauth:%s: it is written realm,user:password or realm,file\n", args);
    return -1;
  }
  *comma = '\0';
  keep_args(route, args, authenticate);
  route->data2 = comma + 1;
  route->data2_len = strlen(comma + 1);
  if (char *colon = strchr(comma + 1, ':')) route->custom = static_cast<uint64_t>(colon - comma - 1);
  return 0;
}

int set_up_with_next(uwsgi_route *route, char *args) {
  route->data3_len = 1;
  return set_up(route, args);
}

constexpr Action kActions[] = {{"basicauth", set_up}, {"basicauth-next", set_up_with_next}};

}  // namespace

void register_basicauth() {
  register_actions(kActions);
}

}  // namespace mortise::routing
