// Growing byte buffers, the section "Buffers" of <mortise/api.h>; what only plugins put into one is in
// plugins/runtime.
#include <uwsgi.h>

#include <algorithm>

namespace {

int allocate(uwsgi_buffer *buffer, size_t len) {
  char *grown = static_cast<char *>(realloc(buffer->buf, len));
  if (!grown) return -1;
  buffer->buf = grown;
  buffer->len = len;
  return 0;
}

}  // namespace

extern "C" {

uwsgi_buffer *uwsgi_buffer_new(size_t len) {
  auto *buffer = static_cast<uwsgi_buffer *>(uwsgi_calloc(sizeof(uwsgi_buffer)));
  if (len) buffer->buf = static_cast<char *>(uwsgi_malloc(buffer->len = len));
  return buffer;
}

void uwsgi_buffer_destroy(uwsgi_buffer *buffer) {
  if (!buffer) return;
  free(buffer->buf);
  free(buffer);
}

int uwsgi_buffer_ensure(uwsgi_buffer *buffer, size_t len) {
  if (len <= buffer->len - buffer->pos) return 0;
  constexpr size_t kSmallest = 64;
  size_t needed = buffer->pos + len;
  if (needed < len || (buffer->limit && needed > buffer->limit)) return -1;
  // Doubling keeps the cost of many small appends linear.
  size_t wanted = std::max({needed, buffer->len * 2, kSmallest});
  return allocate(buffer, buffer->limit ? std::min(wanted, buffer->limit) : wanted);
}

int uwsgi_buffer_append(uwsgi_buffer *buffer, const char *bytes, size_t len) {
  if (len == 0) return 0;
  if (uwsgi_buffer_ensure(buffer, len)) return -1;
  memcpy(buffer->buf + buffer->pos, bytes, len);
  buffer->pos += len;
  return 0;
}

int uwsgi_buffer_byte(uwsgi_buffer *buffer, char byte) {
  return uwsgi_buffer_append(buffer, &byte, 1);
}
int uwsgi_buffer_u16le(uwsgi_buffer *buffer, uint16_t value) {
  const char bytes[] = {static_cast<char>(value), static_cast<char>(value >> 8)};
  return uwsgi_buffer_append(buffer, bytes, sizeof bytes);
}

int uwsgi_buffer_append_keyval(uwsgi_buffer *buffer, const char *key, uint16_t keylen, const char *val,
                               uint16_t vallen) {
  if (uwsgi_buffer_ensure(buffer, size_t{4} + keylen + vallen)) return -1;
  uwsgi_buffer_u16le(buffer, keylen);
  uwsgi_buffer_append(buffer, key, keylen);
  uwsgi_buffer_u16le(buffer, vallen);
  return uwsgi_buffer_append(buffer, val, vallen);
}

}  // extern "C"
