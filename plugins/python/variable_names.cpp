#include "variable_names.h"

#include <cstring>

namespace mortise::python {

namespace {

struct Known {
  const char *name;
  Role role;
};
// kRepeating: few values, the same ones again and again, and none that is a secret.
constexpr Known kKnown[] = {
    {"REQUEST_METHOD", Role::kRepeating},
    {"REQUEST_URI", Role::kPlain},
    {"PATH_INFO", Role::kPlain},
    {"QUERY_STRING", Role::kPlain},
    {"SCRIPT_NAME", Role::kRepeating},
    {"SERVER_NAME", Role::kRepeating},
    {"SERVER_PORT", Role::kRepeating},
    {"SERVER_PROTOCOL", Role::kRepeating},
    {"SERVER_ADDR", Role::kRepeating},
    {"SERVER_SOFTWARE", Role::kRepeating},
    {"GATEWAY_INTERFACE", Role::kRepeating},
    {"REMOTE_ADDR", Role::kRepeating},
    {"REMOTE_PORT", Role::kPlain},
    {"REMOTE_USER", Role::kPlain},
    {"REQUEST_SCHEME", Role::kRepeating},
    {"UWSGI_SCHEME", Role::kScheme},
    {"UWSGI_APPID", Role::kRepeating},
    {"HTTPS", Role::kRepeating},
    {"DOCUMENT_ROOT", Role::kRepeating},
    {"DOCUMENT_URI", Role::kPlain},
    {"CONTENT_TYPE", Role::kRepeating},
    {"CONTENT_LENGTH", Role::kRepeating},
    {"HTTP_HOST", Role::kRepeating},
    {"HTTP_USER_AGENT", Role::kRepeating},
    {"HTTP_ACCEPT", Role::kRepeating},
    {"HTTP_ACCEPT_ENCODING", Role::kRepeating},
    {"HTTP_ACCEPT_LANGUAGE", Role::kRepeating},
    {"HTTP_ACCEPT_CHARSET", Role::kRepeating},
    {"HTTP_CONNECTION", Role::kRepeating},
    {"HTTP_CACHE_CONTROL", Role::kRepeating},
    {"HTTP_PRAGMA", Role::kRepeating},
    {"HTTP_DNT", Role::kRepeating},
    {"HTTP_TE", Role::kRepeating},
    {"HTTP_UPGRADE", Role::kRepeating},
    {"HTTP_UPGRADE_INSECURE_REQUESTS", Role::kRepeating},
    {"HTTP_ORIGIN", Role::kRepeating},
    {"HTTP_EXPECT", Role::kRepeating},
    {"HTTP_KEEP_ALIVE", Role::kRepeating},
    {"HTTP_PRIORITY", Role::kRepeating},
    {"HTTP_TRANSFER_ENCODING", Role::kRepeating},
    {"HTTP_SEC_FETCH_DEST", Role::kRepeating},
    {"HTTP_SEC_FETCH_MODE", Role::kRepeating},
    {"HTTP_SEC_FETCH_SITE", Role::kRepeating},
    {"HTTP_SEC_FETCH_USER", Role::kRepeating},
    {"HTTP_SEC_CH_UA", Role::kRepeating},
    {"HTTP_SEC_CH_UA_MOBILE", Role::kRepeating},
    {"HTTP_SEC_CH_UA_PLATFORM", Role::kRepeating},
    {"HTTP_X_REQUESTED_WITH", Role::kRepeating},
    {"HTTP_X_FORWARDED_PROTO", Role::kRepeating},
    {"HTTP_X_FORWARDED_HOST", Role::kRepeating},
    {"HTTP_X_FORWARDED_PORT", Role::kRepeating},
    {"HTTP_X_FORWARDED_FOR", Role::kPlain},
    {"HTTP_X_REAL_IP", Role::kPlain},
    {"HTTP_X_REQUEST_ID", Role::kPlain},
    {"HTTP_FORWARDED", Role::kPlain},
    {"HTTP_VIA", Role::kPlain},
    {"HTTP_COOKIE", Role::kPlain},
    {"HTTP_AUTHORIZATION", Role::kPlain},
    {"HTTP_REFERER", Role::kPlain},
    {"HTTP_RANGE", Role::kPlain},
    {"HTTP_IF_RANGE", Role::kPlain},
    {"HTTP_IF_MATCH", Role::kPlain},
    {"HTTP_IF_NONE_MATCH", Role::kPlain},
    {"HTTP_IF_MODIFIED_SINCE", Role::kPlain},
    {"HTTP_IF_UNMODIFIED_SINCE", Role::kPlain},
    {"HTTP_TRACEPARENT", Role::kPlain},
    {"HTTP_TRACESTATE", Role::kPlain},
    {"HTTP_BAGGAGE", Role::kPlain},
};

// From the length, the first and the last eight bytes: what tells header names apart.
size_t hash(std::string_view text) {
  uint64_t head = 0, tail = 0;
  if (text.size() >= sizeof head) {
    memcpy(&head, text.data(), sizeof head);
    memcpy(&tail, text.data() + text.size() - sizeof tail, sizeof tail);
  } else {
    memcpy(&head, text.data(), text.size());
  }
  constexpr uint64_t kMix1 = 0x9e3779b97f4a7c15, kMix2 = 0xc2b2ae3d27d4eb4f;
  return static_cast<size_t>(((head + text.size()) * kMix1 ^ tail * kMix2) >> 40);
}

// A server's own names, which no client or frontend may set.
bool is_reserved(std::string_view name) {
  return name.starts_with("wsgi.") || name.starts_with("uwsgi.");
}

}  // namespace

bool VariableNames::fill() {
  static_assert(std::size(kKnown) * 3 < kSlots);
  for (const Known &entry : kKnown) {
    size_t at = hash(entry.name) % kSlots;
    while (known_[at].name) at = (at + 1) % kSlots;
    known_[at] = {PyUnicode_InternFromString(entry.name), nullptr, entry.role};
    if (!known_[at].name) return false;
  }
  return true;
}

VariableName *VariableNames::find(std::string_view name) {
  const size_t start = hash(name) % kSlots;
  for (size_t at = start; known_[at].name; at = (at + 1) % kSlots)
    if (known_[at].is(name)) return &known_[at];
  VariableName &entry = invented_[start];
  if (entry.is(name)) return &entry;
  PyRef text(PyUnicode_DecodeLatin1(name.data(), static_cast<Py_ssize_t>(name.size()), nullptr));
  if (!text) return nullptr;
  PyRef replaced(entry.name);
  entry = {text.release(), nullptr, is_reserved(name) ? Role::kIgnored : Role::kPlain};
  return &entry;
}

}  // namespace mortise::python
