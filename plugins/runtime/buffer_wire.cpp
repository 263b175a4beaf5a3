// What goes into a buffer as a wire format wants it: integers and floats of a byte order, packed pairs,
// chunks, JSON.
#include <uwsgi.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>
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

template <typename Number>
int append_big(uwsgi_buffer *buffer, Number value, size_t bytes) {
  char text[sizeof value];
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(value >> 8 * (bytes - 1 - i));
  return uwsgi_buffer_append(buffer, text, bytes);
}

template <typename Number>
int append_little(uwsgi_buffer *buffer, Number value) {
  char text[sizeof value];
  for (size_t i = 0; i < sizeof value; ++i) text[i] = static_cast<char>(value >> 8 * i);
  return uwsgi_buffer_append(buffer, text, sizeof value);
}

constexpr size_t kChunkLine = 2 * sizeof(size_t) + 3;

}  // namespace

extern "C" {

int uwsgi_buffer_u8(uwsgi_buffer *buffer, uint8_t value) {
  return uwsgi_buffer_byte(buffer, static_cast<char>(value));
}
int uwsgi_buffer_u16be(uwsgi_buffer *buffer, uint16_t value) {
  return append_big(buffer, value, 2);
}
int uwsgi_buffer_u32be(uwsgi_buffer *buffer, uint32_t value) {
  return append_big(buffer, value, 4);
}
int uwsgi_buffer_u64be(uwsgi_buffer *buffer, uint64_t value) {
  return append_big(buffer, value, 8);
}
int uwsgi_buffer_u24be(uwsgi_buffer *buffer, uint32_t value) {
  return append_big(buffer, value, 3);
}
int uwsgi_buffer_u32le(uwsgi_buffer *buffer, uint32_t value) {
  return append_little(buffer, value);
}
int uwsgi_buffer_u64le(uwsgi_buffer *buffer, uint64_t value) {
  return append_little(buffer, value);
}
int uwsgi_buffer_f32be(uwsgi_buffer *buffer, float value) {
  return append_big(buffer, std::bit_cast<uint32_t>(value), 4);
}
int uwsgi_buffer_f64be(uwsgi_buffer *buffer, double value) {
  return append_big(buffer, std::bit_cast<uint64_t>(value), 8);
}

int uwsgi_buffer_append_ipv4(uwsgi_buffer *buffer, void *address) {
  char text[INET_ADDRSTRLEN];
  if (!inet_ntop(AF_INET, address, text, sizeof text)) return -1;
  return uwsgi_buffer_append(buffer, text, strlen(text));
}

int uwsgi_buffer_append_keyipv4(uwsgi_buffer *buffer, const char *key, uint16_t keylen, void *address) {
  char text[INET_ADDRSTRLEN];
  if (!inet_ntop(AF_INET, address, text, sizeof text)) return -1;
  return uwsgi_buffer_append_keyval(buffer, key, keylen, text, static_cast<uint16_t>(strlen(text)));
}

int uwsgi_buffer_append_keyval32(uwsgi_buffer *buffer, const char *key, uint32_t keylen, const char *val,
                                 uint32_t vallen) {
  return append_big(buffer, keylen, 4) || uwsgi_buffer_append(buffer, key, keylen) ||
                 append_big(buffer, vallen, 4) || uwsgi_buffer_append(buffer, val, vallen)
             ? -1
             : 0;
}

int uwsgi_buffer_append_valnum(uwsgi_buffer *buffer, int64_t value) {
  const std::string digits = std::to_string(value);
  return uwsgi_buffer_u16le(buffer, static_cast<uint16_t>(digits.size())) ||
                 uwsgi_buffer_append(buffer, digits.data(), digits.size())
             ? -1
             : 0;
}

int uwsgi_buffer_append_base64(uwsgi_buffer *buffer, const char *bytes, size_t len) {
  size_t size = 0;
  char *text = uwsgi_base64_encode(bytes, len, &size);
  const int result = uwsgi_buffer_append(buffer, text, size);
  free(text);
  return result;
}

int uwsgi_buffer_append_chunked(uwsgi_buffer *buffer, size_t len) {
  return uwsgi_buffer_insert_chunked(buffer, buffer->pos, len);
}

int uwsgi_buffer_insert_chunked(uwsgi_buffer *buffer, size_t pos, size_t len) {
  char line[kChunkLine];
  const int size = snprintf(line, sizeof line, "%zX\r\n", len);
  return uwsgi_buffer_insert(buffer, pos, line, static_cast<size_t>(size));
}

int uwsgi_buffer_append_xml(uwsgi_buffer *buffer, const char *text, size_t len) {
  for (size_t i = 0; i < len; ++i) {
    const char *entity = text[i] == '<'    ? "&lt;"
                         : text[i] == '>'  ? "&gt;"
                         : text[i] == '&'  ? "&amp;"
                         : text[i] == '"'  ? "&quot;"
                         : text[i] == '\'' ? "&#39;"
                                           : nullptr;
    if (entity ? uwsgi_buffer_append(buffer, entity, strlen(entity)) : uwsgi_buffer_byte(buffer, text[i]))
      return -1;
  }
  return 0;
}

int uwsgi_buffer_httpclen(uwsgi_buffer *buffer, const char *key, uint16_t keylen) {
  const std::string digits = std::to_string(buffer->pos);
  return uwsgi_buffer_append_keyval(buffer, key, keylen, digits.data(), static_cast<uint16_t>(digits.size()));
}

void uwsgi_buffer_map(uwsgi_buffer *buffer, char *bytes, size_t len) {
  free(buffer->buf);
  buffer->buf = bytes;
  buffer->pos = buffer->len = len;
}

uwsgi_buffer *uwsgi_buffer_from_file(const char *path) {
  const int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  size_t len = 0;
  char *bytes = uwsgi_read_fd(fd, &len, 0);
  close(fd);
  if (!bytes) return nullptr;
  uwsgi_buffer *buffer = uwsgi_buffer_new(0);
  uwsgi_buffer_map(buffer, bytes, len);
  return buffer;
}

int uwsgi_buffer_send(uwsgi_buffer *buffer, int fd) {
  return uwsgi_write_true_nb(fd, buffer->buf, buffer->pos, -1);
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
