// The variables of a request: adding, finding, and the members of struct wsgi_request that mirror the common
// ones.
#include <uwsgi.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "sdk/runtime/byte_range.h"

namespace mortise {

namespace {

// A variable and the pair of members (pointer, length) that mirrors it.
struct Mirror {
  std::string_view name;
  size_t value_offset;
  size_t length_offset;
};

#define MIRROR(name, member) \
  { name, offsetof(wsgi_request, member), offsetof(wsgi_request, member##_len) }
constexpr std::array kMirrors = {
    Mirror MIRROR("HTTPS", https),
    Mirror MIRROR("PATH_INFO", path_info),
    Mirror MIRROR("HTTP_HOST", host),
    Mirror MIRROR("REQUEST_URI", uri),
    Mirror MIRROR("SCRIPT_NAME", script_name),
    Mirror MIRROR("REMOTE_ADDR", remote_addr),
    Mirror MIRROR("REMOTE_USER", remote_user),
    Mirror MIRROR("HTTP_COOKIE", cookie),
    Mirror MIRROR("UWSGI_APPID", appid),
    Mirror MIRROR("QUERY_STRING", query_string),
    Mirror MIRROR("CONTENT_TYPE", content_type),
    Mirror MIRROR("HTTP_REFERER", referer),
    Mirror MIRROR("DOCUMENT_ROOT", document_root),
    Mirror MIRROR("REQUEST_METHOD", method),
    Mirror MIRROR("REQUEST_SCHEME", scheme),
    Mirror MIRROR("SERVER_PROTOCOL", protocol),
    Mirror MIRROR("HTTP_USER_AGENT", user_agent),
    Mirror MIRROR("HTTP_AUTHORIZATION", authorization),
    Mirror MIRROR("HTTP_ACCEPT_ENCODING", encoding),
    Mirror MIRROR("HTTP_IF_MODIFIED_SINCE", if_modified_since),
};
#undef MIRROR

// Each name has a slot of its own, told by its length and its last two bytes: a look-up compares one name.
constexpr size_t kShortest = 5, kLongest = 22;
constexpr size_t slot_of(std::string_view name) {
  const size_t before_last = static_cast<uint8_t>(name[name.size() - 2]);
  return (5 * name.size() + 2 * before_last + static_cast<uint8_t>(name.back())) % 64;
}
constexpr auto kSlots = [] {
  std::array<uint8_t, 64> slots{};
  for (uint8_t i = 0; i < kMirrors.size(); ++i) slots[slot_of(kMirrors[i].name)] = i;
  return slots;
}();
static_assert(std::all_of(kMirrors.begin(), kMirrors.end(), [](const Mirror &entry) {
  return &kMirrors[kSlots[slot_of(entry.name)]] == &entry && entry.name.size() >= kShortest &&
         entry.name.size() <= kLongest;
}));

void mirror(wsgi_request *request, std::string_view name, const char *value, uint16_t len) {
  if (name.size() < kShortest || name.size() > kLongest) return;
  if (const Mirror &entry = kMirrors[kSlots[slot_of(name)]];
      entry.name.size() == name.size() && memcmp(entry.name.data(), name.data(), name.size()) == 0) {
    char *base = reinterpret_cast<char *>(request);
    char *text = const_cast<char *>(value);
    memcpy(base + entry.value_offset, &text, sizeof text);
    memcpy(base + entry.length_offset, &len, sizeof len);
    return;
  }
  if (name == "CONTENT_LENGTH") request->post_cl = uwsgi_str_num(value, len);
  if (name == "HTTP_RANGE" && uwsgi.honour_range) read_range(*request, {value, len});
}

iovec *find(wsgi_request *request, std::string_view name) {
  for (int i = request->var_cnt - 2; i >= 0; i -= 2) {
    const iovec &key = request->hvec[i];
    if (key.iov_len == name.size() && memcmp(key.iov_base, name.data(), name.size()) == 0)
      return &request->hvec[i + 1];
  }
  return nullptr;
}

}  // namespace

}  // namespace mortise

using std::string_view;

extern "C" {

int uwsgi_req_add_var(wsgi_request *request, const char *key, uint16_t keylen, const char *val,
                      uint16_t vallen) {
  if (request->var_cnt + 2 > uwsgi.max_vars * 2) return -1;
  // The size of the packet that these variables would be: plugins take 0 for a request without any.
  request->len =
      static_cast<uint16_t>(std::min<size_t>(size_t{request->len} + keylen + vallen + 4, UINT16_MAX));
  request->hvec[request->var_cnt++] = {const_cast<char *>(key), keylen};
  request->hvec[request->var_cnt++] = {const_cast<char *>(val), vallen};
  if (keylen > 0) mortise::mirror(request, string_view(key, keylen), val, vallen);
  return 0;
}

char *uwsgi_req_append(wsgi_request *request, const char *key, uint16_t keylen, const char *val,
                       uint16_t vallen) {
  char *memory = uwsgi_req_alloc(request, size_t{keylen} + 1 + vallen);
  if (!memory) return nullptr;
  char *value = memory + keylen + 1;  // plugins may end a name in place
  if (keylen) memcpy(memory, key, keylen);
  if (vallen) memcpy(value, val, vallen);
  if (iovec *present = mortise::find(request, string_view(key, keylen))) {
    *present = {value, vallen};
    mortise::mirror(request, string_view(key, keylen), value, vallen);
    return value;
  }
  return uwsgi_req_add_var(request, memory, keylen, value, vallen) == 0 ? value : nullptr;
}

char *uwsgi_get_var(wsgi_request *request, const char *key, uint16_t keylen, uint16_t *vallen) {
  iovec *found = mortise::find(request, string_view(key, keylen));
  if (!found) return nullptr;
  *vallen = static_cast<uint16_t>(found->iov_len);
  return static_cast<char *>(found->iov_base);
}

}  // extern "C"
