// Callbacks of options that no plugin of the server's own has.
#include <uwsgi.h>

extern "C" {

void uwsgi_opt_set_megabytes(char *name, char *value, void *data) {
  auto *bytes = static_cast<uint64_t *>(data);
  uwsgi_opt_set_64bit(name, value, bytes);
  if (__builtin_mul_overflow(*bytes, uint64_t{1} << 20, bytes)) *bytes = UINT64_MAX;
}

void uwsgi_opt_set_str_spaced(char *, char *value, void *data) {
  auto *text = static_cast<char **>(data);
  *text = *text ? uwsgi_concat3(*text, const_cast<char *>(" "), value) : uwsgi_str(value);
}

}  // extern "C"
