#include "server_names.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "context.h"
#include "options.h"

namespace mortise::tls {

namespace {

struct Pattern {
  uwsgi_pcre *pattern;
  SSL_CTX *context;
};
std::map<std::string, SSL_CTX *, std::less<>> by_name;  // those of a folder are added as they are asked for
std::vector<Pattern> by_pattern;
std::mutex mutex;

constexpr size_t kMostFromFolder = 10'000;

std::string lower(std::string_view name) {
  std::string text(name);
  for (char &c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

// "NAME CRT,KEY[,CIPHERS[,CA]]" to the context and the name; nullptr with a message.
SSL_CTX *read(const char *option, std::string_view value, std::string *name) {
  const size_t blank = value.find(' ');
  std::string parts[4];
  std::string_view rest = blank == value.npos ? std::string_view{} : value.substr(blank + 1);
  *name = value.substr(0, blank);
  for (size_t i = 0; i < 4 && !rest.empty(); ++i) {
    const size_t comma = i < 3 ? rest.find(',') : rest.npos;
    parts[i] = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
  }
  if (parts[1].empty()) {
    uwsgi_log("%s = '%.*s': it is written NAME CRT,KEY[,CIPHERS[,CA]]\n", option,
              static_cast<int>(value.size()), value.data());
    return nullptr;
  }
  return make_context({*name, parts[0], parts[1], parts[2], parts[3]});
}

// A pair of files that is named for the server; nullptr: there is none.
SSL_CTX *from_folder(const std::string &name) {
  if (!options.sni_folder || !is_server_name(name) || by_name.size() >= kMostFromFolder) return nullptr;
  const std::string base = std::string(options.sni_folder) + "/" + name;
  if (!uwsgi_file_exists((base + ".crt").c_str())) return nullptr;
  const char *ciphers = options.sni_folder_ciphers;
  SSL_CTX *context = make_context({name, base + ".crt", base + ".key", ciphers ? ciphers : "", ""});
  if (context) by_name.emplace(name, context);
  return context;
}

SSL_CTX *find(const char *asked_for) {
  const std::string name = lower(asked_for);
  std::lock_guard lock(mutex);
  if (auto found = by_name.find(name); found != by_name.end()) return found->second;
  for (const Pattern &known : by_pattern)
    if (uwsgi_regexp_match(known.pattern, name.data(), static_cast<int>(name.size())) >= 0)
      return known.context;
  return from_folder(name);
}

int choose(SSL *connection, int *, void *) {
  const char *name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_NOACK;
  if (SSL_CTX *context = find(name)) SSL_set_SSL_CTX(connection, context);
  return SSL_TLSEXT_ERR_OK;  // a name that we do not know gets the usual certificate
}

}  // namespace

bool is_server_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.') return false;
  for (char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (!good) return false;
  }
  return true;
}

int load_server_names() {
  std::string name;
  for (const uwsgi_string_list *item = options.names; item; item = item->next) {
    SSL_CTX *context = read("sni", item->value, &name);
    if (!context) return -1;
    by_name[lower(name)] = context;
  }
  for (const uwsgi_string_list *item = options.patterns; item; item = item->next) {
    Pattern known{nullptr, read("sni-regexp", item->value, &name)};
    if (!known.context || uwsgi_regexp_build(name.c_str(), &known.pattern)) return -1;
    by_pattern.push_back(known);
  }
  return 0;
}

void serve_names_with(SSL_CTX *context) {
  if (options.names || options.patterns || options.sni_folder)
    SSL_CTX_set_tlsext_servername_callback(context, choose);
}

}  // namespace mortise::tls
