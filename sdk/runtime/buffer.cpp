// Growing byte buffers, the section "Buffers" of <mortise/api.h>.
#include <uwsgi.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace {

// Length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) at the start of text; 0 when there is
// none.
size_t utf8_sequence(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  auto follows = [&](size_t i, int low = 0x80, int high = 0xbf) { return byte(i) >= low && byte(i) <= high; };
  int lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef)
    return follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && follows(2) ? 3 : 0;
  if (lead >= 0xf0 && lead <= 0xf4)
    return follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && follows(2) && follows(3) ? 4
                                                                                                          : 0;
  return 0;
}

template <typename Int>
int append_big_endian(uwsgi_buffer *buffer, Int value) {
  char bytes[sizeof value];
  for (size_t i = 0; i < sizeof value; ++i) bytes[i] = static_cast<char>(value >> 8 * (sizeof value - 1 - i));
  return uwsgi_buffer_append(buffer, bytes, sizeof bytes);
}

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

int uwsgi_buffer_fix(uwsgi_buffer *buffer, size_t len) {
  if (buffer->len >= len) return 0;
  if (buffer->limit && len > buffer->limit) return -1;
  return allocate(buffer, len);
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

int uwsgi_buffer_insert(uwsgi_buffer *buffer, size_t pos, const char *bytes, size_t len) {
  if (pos > buffer->pos || uwsgi_buffer_ensure(buffer, len)) return -1;
  if (len == 0) return 0;
  memmove(buffer->buf + pos + len, buffer->buf + pos, buffer->pos - pos);
  memcpy(buffer->buf + pos, bytes, len);
  buffer->pos += len;
  return 0;
}

int uwsgi_buffer_decapitate(uwsgi_buffer *buffer, size_t len) {
  if (len > buffer->pos) return -1;
  buffer->pos -= len;
  if (len && buffer->pos) memmove(buffer->buf, buffer->buf + len, buffer->pos);
  return 0;
}

int uwsgi_buffer_byte(uwsgi_buffer *buffer, char byte) {
  return uwsgi_buffer_append(buffer, &byte, 1);
}
int uwsgi_buffer_u8(uwsgi_buffer *buffer, uint8_t value) {
  return append_big_endian(buffer, value);
}
int uwsgi_buffer_u16le(uwsgi_buffer *buffer, uint16_t value) {
  return append_big_endian(buffer, static_cast<uint16_t>(value << 8 | value >> 8));
}
int uwsgi_buffer_u16be(uwsgi_buffer *buffer, uint16_t value) {
  return append_big_endian(buffer, value);
}
int uwsgi_buffer_u32be(uwsgi_buffer *buffer, uint32_t value) {
  return append_big_endian(buffer, value);
}
int uwsgi_buffer_u64be(uwsgi_buffer *buffer, uint64_t value) {
  return append_big_endian(buffer, value);
}

int uwsgi_buffer_num64(uwsgi_buffer *buffer, int64_t value) {
  char digits[24];
  return uwsgi_buffer_append(
      buffer, digits, static_cast<size_t>(std::to_chars(digits, std::end(digits), value).ptr - digits));
}

int uwsgi_buffer_append_json(uwsgi_buffer *buffer, const char *text, size_t len) {
  for (std::string_view rest(text, len); !rest.empty();) {
    size_t sequence = utf8_sequence(rest);
    auto byte = static_cast<unsigned char>(rest[0]);
    char escaped[8];
    std::string_view out = rest.substr(0, sequence);
    if (byte == '"' || byte == '\\') {
      escaped[0] = '\\';
      escaped[1] = rest[0];
      out = {escaped, 2};
    } else if (byte < 0x20 || byte == 0x7f ||
               sequence == 0) {  // not UTF-8: read as Latin-1, so that no byte is lost
      out = {escaped, static_cast<size_t>(sprintf(escaped, "\\u%04x", byte))};
    }
    if (uwsgi_buffer_append(buffer, out.data(), out.size())) return -1;
    rest.remove_prefix(sequence ? sequence : 1);
  }
  return 0;
}

int uwsgi_buffer_append_keyval(uwsgi_buffer *buffer, const char *key, uint16_t keylen, const char *val,
                               uint16_t vallen) {
  if (uwsgi_buffer_ensure(buffer, size_t{4} + keylen + vallen)) return -1;
  uwsgi_buffer_u16le(buffer, keylen);
  uwsgi_buffer_append(buffer, key, keylen);
  uwsgi_buffer_u16le(buffer, vallen);
  return uwsgi_buffer_append(buffer, val, vallen);
}

int uwsgi_buffer_append_keynum(uwsgi_buffer *buffer, const char *key, uint16_t keylen, int64_t value) {
  char digits[24];
  auto len = static_cast<uint16_t>(std::to_chars(digits, std::end(digits), value).ptr - digits);
  return uwsgi_buffer_append_keyval(buffer, key, keylen, digits, len);
}

int uwsgi_buffer_set_uh(uwsgi_buffer *buffer, uint8_t modifier1, uint8_t modifier2) {
  constexpr size_t kHead = sizeof(uwsgi_header);
  if (buffer->pos < kHead || buffer->pos - kHead > UINT16_MAX) return -1;
  size_t size = buffer->pos - kHead;
  char head[kHead] = {static_cast<char>(modifier1), static_cast<char>(size), static_cast<char>(size >> 8),
                      static_cast<char>(modifier2)};
  memcpy(buffer->buf, head, kHead);
  return 0;
}

}  // extern "C"
