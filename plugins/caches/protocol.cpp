#include "protocol.h"

#include <memory>
#include <string>

#include "cache.h"

namespace mortise::caches {

namespace {

constexpr uint8_t kModifier = 111;

// modifier2. A key alone, or (kSet, kGetPair, kMagic) pairs or an array of them.
enum : uint8_t {
  kGet = 0,       // answer: a packet with a value of at most 64 kB
  kSet = 1,       // no answer
  kDelete = 2,    // no answer
  kGetByKey = 3,  // pair key or get: the value alone
  kGetOr404 = 4,  //
  kStream = 5,    // answer: head with modifier2 1 and the value, or 0
  kDump = 6,      // answer: pairs items and blocksize, then the memory
  kMagic = 17,    // pairs cmd, key, size, expires, cache, then a value: see remote.h
};

struct Free {
  void operator()(void *memory) const { free(memory); }
};
struct Destroy {
  void operator()(uwsgi_buffer *buffer) const { uwsgi_buffer_destroy(buffer); }
};
using Value = std::unique_ptr<char, Free>;
using Buffer = std::unique_ptr<uwsgi_buffer, Destroy>;

int send_head(wsgi_request *request, uint16_t size, uint8_t modifier2) {
  const uwsgi_header header = {kModifier, {size}, modifier2};
  return uwsgi_response_write_body_do(request, reinterpret_cast<const char *>(&header), sizeof header);
}

int get(wsgi_request *request, bool stream) {
  uint64_t len = 0;
  const Value value(uwsgi_cache_magic_get(request->buffer, request->len, &len, nullptr, nullptr));
  if (!value) return stream ? send_head(request, 0, 0) : UWSGI_OK;
  if (!stream && len > UINT16_MAX) return UWSGI_OK;
  if (send_head(request, stream ? 0 : static_cast<uint16_t>(len), stream ? 1 : 0)) return -1;
  return uwsgi_response_write_body_do(request, value.get(), len);
}

void get_by_pair(char *key, uint16_t key_len, char *value, uint16_t value_len, void *data) {
  auto *request = static_cast<wsgi_request *>(data);
  const std::string_view name(key, key_len);
  if (name != "key" && name != "get") return;
  uint64_t len = 0;
  const Value found(uwsgi_cache_magic_get(value, value_len, &len, nullptr, nullptr));
  if (found)
    uwsgi_response_write_body_do(request, found.get(), len);
  else if (name == "get")
    uwsgi_404(request);
}

// Key, value and perhaps seconds, each with its length.
int set(wsgi_request *request) {
  std::string_view parts[3];
  std::string_view block(request->buffer, request->len);
  size_t count = 0;
  for (; count < 3 && block.size() >= 2; ++count) {
    const size_t len = static_cast<uint8_t>(block[0]) | static_cast<size_t>(static_cast<uint8_t>(block[1]))
                                                            << 8;
    if (block.size() - 2 < len) return -1;
    parts[count] = block.substr(2, len);
    block.remove_prefix(2 + len);
  }
  if (count < 2) return -1;
  const uint64_t expires = uwsgi_str_num(parts[2].data(), static_cast<int>(parts[2].size()));
  uwsgi_cache_magic_set(parts[0].data(), static_cast<uint16_t>(parts[0].size()), parts[1].data(),
                        parts[1].size(), expires, 0, nullptr);
  return UWSGI_OK;
}

int dump(wsgi_request *request) {
  const uwsgi_cache *uc = find({request->buffer, request->len});
  if (!uc) return UWSGI_OK;
  const Buffer answer(uwsgi_buffer_new(uc->filesize + 128));
  answer->pos = 4;
  if (uwsgi_buffer_append_keynum(answer.get(), "items", 5, static_cast<int64_t>(uc->max_items)) ||
      uwsgi_buffer_append_keynum(answer.get(), "blocksize", 9, static_cast<int64_t>(uc->blocksize)) ||
      uwsgi_buffer_set_uh(answer.get(), kModifier, 7))
    return -1;
  {
    const ReadLock lock(uc);  // released before a slow client is waited for
    if (uwsgi_buffer_append(answer.get(), static_cast<const char *>(uc->items), uc->filesize)) return -1;
  }
  return uwsgi_response_write_body_do(request, answer->buf, answer->pos);
}

int answer_ok(wsgi_request *request, const char *value = nullptr, uint64_t len = 0, uint64_t expires = 0) {
  const Buffer answer(uwsgi_buffer_new(len + 128));
  answer->pos = 4;
  if (uwsgi_buffer_append_keyval(answer.get(), "status", 6, "ok", 2) ||
      (value && uwsgi_buffer_append_keynum(answer.get(), "size", 4, static_cast<int64_t>(len))) ||
      (expires && uwsgi_buffer_append_keynum(answer.get(), "expires", 7, static_cast<int64_t>(expires))) ||
      uwsgi_buffer_set_uh(answer.get(), kModifier, kMagic) ||
      (len && uwsgi_buffer_append(answer.get(), value, len)))
    return -1;
  return uwsgi_response_write_body_do(request, answer->buf, answer->pos);
}

struct Command {
  const char *name;
  uint64_t flags;
};
constexpr uint64_t kMath = UWSGI_CACHE_FLAG_UPDATE | UWSGI_CACHE_FLAG_MATH | UWSGI_CACHE_FLAG_FIXEXPIRE;
constexpr Command kStoring[] = {
    {"set", 0},
    {"update", UWSGI_CACHE_FLAG_UPDATE},
    {"inc", kMath | UWSGI_CACHE_FLAG_INC},
    {"dec", kMath | UWSGI_CACHE_FLAG_DEC},
    {"mul", kMath | UWSGI_CACHE_FLAG_MUL},
    {"div", kMath | UWSGI_CACHE_FLAG_DIV},
};

int store(wsgi_request *request, const uwsgi_cache_magic_context &wanted, const char *cache, uint64_t flags) {
  const uwsgi_cache *uc = find(cache);
  if (!uc || wanted.size == 0 || wanted.size > uc->max_item_size) return UWSGI_OK;
  request->post_cl = wanted.size;
  ssize_t got = 0;
  const char *value = uwsgi_request_body_read(request, static_cast<ssize_t>(wanted.size), &got);
  if (!value || static_cast<uint64_t>(got) != wanted.size) return -1;
  if (uwsgi_cache_magic_set(wanted.key, wanted.key_len, value, wanted.size, wanted.expires, flags, cache))
    return UWSGI_OK;
  return answer_ok(request);
}

// Nothing is answered where the item is not there or was not stored: the connection closes.
int magic(wsgi_request *request) {
  uwsgi_cache_magic_context wanted{};
  if (uwsgi_hooked_parse(request->buffer, request->len, uwsgi_cache_magic_context_hook, &wanted)) return -1;
  const std::string_view command(wanted.cmd, wanted.cmd_len);
  const std::string cache(wanted.cache ? wanted.cache : "", wanted.cache_len);
  if (cache.find('@') != cache.npos) return -1;  // nobody is sent on to a third server
  if (command == "get") {
    uint64_t len = 0, expires = 0;
    const Value value(uwsgi_cache_magic_get(wanted.key, wanted.key_len, &len, &expires, cache.c_str()));
    return value ? answer_ok(request, value.get(), len, expires) : UWSGI_OK;
  }
  if (command == "exists")
    return uwsgi_cache_magic_exists(wanted.key, wanted.key_len, cache.c_str()) ? answer_ok(request)
                                                                               : UWSGI_OK;
  if (command == "del")
    return uwsgi_cache_magic_del(wanted.key, wanted.key_len, cache.c_str()) ? UWSGI_OK : answer_ok(request);
  if (command == "clear") return uwsgi_cache_magic_clear(cache.c_str()) ? UWSGI_OK : answer_ok(request);
  for (const Command &storing : kStoring)
    if (command == storing.name) return store(request, wanted, cache.c_str(), storing.flags);
  return -1;
}

}  // namespace

int serve_request(wsgi_request *request) {
  const uint8_t command = request->uh->modifier2;
  if (request->len == 0 && command != kDump) return UWSGI_OK;
  switch (command) {
    case kGet:
      return get(request, false);
    case kSet:
      return set(request);
    case kDelete:
      uwsgi_cache_magic_del(request->buffer, request->len, nullptr);
      return UWSGI_OK;
    case kGetByKey:
    case kGetOr404:
      return uwsgi_hooked_parse(request->buffer, request->len, get_by_pair, request);
    case kStream:
      return get(request, true);
    case kDump:
      return dump(request);
    case kMagic:
      return magic(request);
    default:
      return -1;
  }
}

}  // namespace mortise::caches

extern "C" void uwsgi_cache_magic_context_hook(char *key, uint16_t keylen, char *value, uint16_t vallen,
                                               void *data) {
  auto &context = *static_cast<uwsgi_cache_magic_context *>(data);
  const std::string_view name(key, keylen);
  if (name == "cmd") {
    context.cmd = value;
    context.cmd_len = vallen;
  } else if (name == "key") {
    context.key = value;
    context.key_len = vallen;
  } else if (name == "expires") {
    context.expires = uwsgi_str_num(value, vallen);
  } else if (name == "size") {
    context.size = uwsgi_str_num(value, vallen);
  } else if (name == "cache") {
    context.cache = value;
    context.cache_len = vallen;
  } else if (name == "status") {
    context.status = value;
    context.status_len = vallen;
  }
}
