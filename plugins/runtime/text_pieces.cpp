// Texts taken apart and numbers written into buffers: what C plugins do where C++ has string_view.
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace {

struct Piece {
  char **text;
  size_t *len;
};

// Splits at the first separators; the last piece is the rest. Its end, or null where there are fewer.
char *split(char *text, size_t len, char separator, std::initializer_list<Piece> pieces) {
  for (const Piece &piece : pieces) *piece.text = nullptr;
  char *const end = text + len;
  for (const Piece *piece = pieces.begin(); piece != pieces.end(); ++piece) {
    const bool last = piece + 1 == pieces.end();
    char *stop = last ? end : static_cast<char *>(memchr(text, separator, static_cast<size_t>(end - text)));
    if (!stop) {
      for (const Piece &each : pieces) *each.text = nullptr;
      return nullptr;
    }
    *piece->text = text;
    *piece->len = static_cast<size_t>(stop - text);
    text = stop + 1;
  }
  return end;
}

}  // namespace

extern "C" {

uint64_t uwsgi_millis(void) {
  return uwsgi_micros() / 1000;
}

char *uwsgi_split3(char *text, size_t len, char separator, char **a, size_t *a_len, char **b, size_t *b_len,
                   char **c, size_t *c_len) {
  return split(text, len, separator, {{a, a_len}, {b, b_len}, {c, c_len}});
}

char *uwsgi_split4(char *text, size_t len, char separator, char **a, size_t *a_len, char **b, size_t *b_len,
                   char **c, size_t *c_len, char **d, size_t *d_len) {
  return split(text, len, separator, {{a, a_len}, {b, b_len}, {c, c_len}, {d, d_len}});
}

char *uwsgi_str_split_nget(char *text, size_t len, char separator, size_t n, size_t *piece_len) {
  const std::string_view whole(text, len);
  for (size_t at = 0, number = 0; at <= len; ++number) {
    const size_t end = std::min(whole.find(separator, at), len);
    if (number == n) {
      *piece_len = end - at;
      return text + at;
    }
    at = end + 1;
  }
  *piece_len = 0;
  return nullptr;
}

int uwsgi_check_scheme(char *name) {
  for (std::string_view scheme :
       {"http://", "data://", "section://", "call://", "callint://", "exec://", "fd://", "sym://"})
    if (std::string_view(name).starts_with(scheme)) return 1;
  return 0;
}

char *uwsgi_netstring(char *buf, size_t len, char **text, size_t *text_len) {
  size_t at = 0, size = 0;
  for (; at < len && buf[at] >= '0' && buf[at] <= '9'; ++at) {
    size = size * 10 + static_cast<size_t>(buf[at] - '0');
    if (size > len) return nullptr;
  }
  if (at == 0 || at == len || buf[at] != ':' || len - at - 1 < size + 1 || buf[at + 1 + size] != ',')
    return nullptr;
  *text = buf + at + 1;
  *text_len = size;
  return *text + size + 1;
}

size_t uwsgi_str_occurence(char *text, size_t len, char byte) {
  return static_cast<size_t>(std::count(text, text + len, byte));
}

char *uwsgi_str_contains(char *text, int len, char byte) {
  return len > 0 ? static_cast<char *>(memchr(text, byte, static_cast<size_t>(len))) : nullptr;
}

int uwsgi_list_has_str(char *list, char *text) {
  const size_t wanted = strlen(text);
  for (char *word = list + strspn(list, " "); *word;) {
    const size_t len = strcspn(word, " ");
    if (len == wanted && strncasecmp(word, text, len) == 0) return 1;
    word += len + strspn(word + len, " ");
  }
  return 0;
}

int uwsgi_list_has_num(char *list, int num) {
  for (char *at = list; *at;) {
    if (atoi(at) == num) return 1;
    at += strcspn(at, ",");
    at += *at == ',';
  }
  return 0;
}

char *uwsgi_get_last_char(char *text, char byte) {
  return strrchr(text, byte);
}

char *uwsgi_get_last_charn(char *text, size_t len, char byte) {
  return static_cast<char *>(memrchr(text, byte, len));
}

char *uwsgi_lower(char *text, size_t len) {
  for (size_t i = 0; i < len; ++i) text[i] = static_cast<char>(tolower(static_cast<unsigned char>(text[i])));
  return text;
}

char *uwsgi_str_to_hex(char *bytes, size_t len) {
  char *hex = static_cast<char *>(uwsgi_malloc(len * 2 + 1));
  for (size_t i = 0; i < len; ++i) sprintf(hex + 2 * i, "%02x", static_cast<unsigned char>(bytes[i]));
  hex[len * 2] = '\0';
  return hex;
}

int uwsgi_num2str2(int value, char *buf) {
  return sprintf(buf, "%d", value);
}

int uwsgi_num2str2n(int value, char *buf, int size) {
  return snprintf(buf, static_cast<size_t>(size), "%d", value);
}

int uwsgi_long2str2n(unsigned long long value, char *buf, int size) {
  return snprintf(buf, static_cast<size_t>(size), "%llu", value);
}

char *uwsgi_concat2nn(const char *a, int alen, const char *b, int blen, int *len) {
  *len = alen + blen;
  return uwsgi_concat2n(a, alen, b, blen);
}

char *uwsgi_concatn(int pairs, ...) {
  va_list list;
  va_start(list, pairs);
  std::string text;
  for (int i = 0; i < pairs; ++i) {
    const char *piece = va_arg(list, const char *);
    text.append(piece, static_cast<size_t>(va_arg(list, int)));
  }
  va_end(list);
  return uwsgi_concat2n(text.data(), static_cast<int>(text.size()), "", 0);
}

int uwsgi_count_options(uwsgi_option *options) {
  int count = 0;
  while (options && options[count].name) ++count;
  return count;
}

uwsgi_dyn_dict *uwsgi_dyn_dict_new(uwsgi_dyn_dict **dict, char *key, int keylen, char *value, int vallen) {
  uwsgi_dyn_dict *previous = nullptr;
  while (*dict) previous = *dict, dict = &(*dict)->next;
  *dict = static_cast<uwsgi_dyn_dict *>(uwsgi_calloc(sizeof(uwsgi_dyn_dict)));
  **dict = {key, keylen, value, vallen, 0, 0, previous, nullptr};
  return *dict;
}

void uwsgi_dyn_dict_del(uwsgi_dyn_dict *item) {
  if (item->prev) item->prev->next = item->next;
  if (item->next) item->next->prev = item->prev;
  free(item);
}

void uwsgi_opt_add_dyn_dict(char *name, char *value, void *data) {
  char *equals = strchr(value, '=');
  if (!equals) {
    uwsgi_log("option '%s = %s' is not KEY=VALUE\n", name, value);
    exit(64);
  }
  uwsgi_dyn_dict_new(static_cast<uwsgi_dyn_dict **>(data), value, static_cast<int>(equals - value),
                     equals + 1, static_cast<int>(strlen(equals + 1)));
}

}  // extern "C"
