// Bytes in the middle and at the start of a buffer.
#include <uwsgi.h>

#include <cstring>

extern "C" {

int uwsgi_buffer_fix(uwsgi_buffer *buffer, size_t len) {
  if (buffer->len >= len) return 0;
  if (buffer->limit && len > buffer->limit) return -1;
  char *grown = static_cast<char *>(realloc(buffer->buf, len));
  if (!grown) return -1;
  buffer->buf = grown;
  buffer->len = len;
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

}  // extern "C"
