// Texts joined, compared and searched, as C plugins want it.
#include <sys/random.h>
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace {

std::string_view text_of(const char *text, int len) {
  return text && len > 0 ? std::string_view(text, static_cast<size_t>(len)) : std::string_view();
}

std::string_view text_of(const char *text) {
  return text ? std::string_view(text) : std::string_view();
}

char *join(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) joined += part;
  return uwsgi_strncopy(joined.data(), static_cast<int>(joined.size()));
}

template <typename Int>
Int big_endian(const char *bytes) {
  Int value = 0;
  for (size_t i = 0; i < sizeof value; ++i)
    value = static_cast<Int>(value << 8 | static_cast<uint8_t>(bytes[i]));
  return value;
}

}  // namespace

extern "C" {

char *uwsgi_concat3(const char *a, const char *b, const char *c) {
  return join({text_of(a), text_of(b), text_of(c)});
}
char *uwsgi_concat4(const char *a, const char *b, const char *c, const char *d) {
  return join({text_of(a), text_of(b), text_of(c), text_of(d)});
}
char *uwsgi_concat3n(const char *a, int alen, const char *b, int blen, const char *c, int clen) {
  return join({text_of(a, alen), text_of(b, blen), text_of(c, clen)});
}
char *uwsgi_concat4n(const char *a, int alen, const char *b, int blen, const char *c, int clen, const char *d,
                     int dlen) {
  return join({text_of(a, alen), text_of(b, blen), text_of(c, clen), text_of(d, dlen)});
}

char *uwsgi_strip(char *text) {
  text += strspn(text, " \t");
  size_t len = strlen(text);
  while (len > 0 && strchr(" \t", text[len - 1])) --len;
  text[len] = '\0';
  return text;
}
char *uwsgi_chomp(char *text) {
  size_t len = strlen(text);
  while (len > 0 && strchr("\r\n", text[len - 1])) --len;
  text[len] = '\0';
  return text;
}

int uwsgi_starts_with(const char *text, int len, const char *prefix, int prefix_len) {
  return text_of(text, len).substr(0, text_of(prefix, prefix_len).size()) == text_of(prefix, prefix_len) ? 0
                                                                                                         : -1;
}

int uwsgi_startswith(const char *text, const char *prefix, int len) {
  return text && prefix && strncmp(text, prefix, static_cast<size_t>(std::max(len, 0))) == 0 ? 0 : -1;
}

int uwsgi_endswith(const char *text, const char *suffix) {
  std::string_view whole = text_of(text), end = text_of(suffix);
  return whole.size() >= end.size() && whole.substr(whole.size() - end.size()) == end;
}

int uwsgi_contains_n(const char *text, size_t len, const char *part, size_t part_len) {
  return text && part && memmem(text, len, part, part_len) != nullptr;
}

uwsgi_string_list *uwsgi_string_list_has_item(uwsgi_string_list *list, const char *key, size_t len) {
  for (; list; list = list->next)
    if (list->len == len && memcmp(list->value, key, len) == 0) return list;
  return nullptr;
}

void uwsgi_uuid(char *buf) {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
    uwsgi_log("error: make a UUID: %s (the process ends)\n", strerror(errno));
    uwsgi_exit(UWSGI_END_CODE);
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  for (size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *buf++ = '-';
    buf += sprintf(buf, "%02x", bytes[i]);
  }
}

uint16_t uwsgi_be16(const char *buf) {
  return big_endian<uint16_t>(buf);
}
uint32_t uwsgi_be32(const char *buf) {
  return big_endian<uint32_t>(buf);
}
uint64_t uwsgi_be64(const char *buf) {
  return big_endian<uint64_t>(buf);
}

}  // extern "C"
