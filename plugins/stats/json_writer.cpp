// The JSON writer of <mortise/stats.h>: one item a line, indented by tabs, unless stats-minified is on.
#include <uwsgi.h>

#include <cstring>
#include <string>
#include <string_view>

#include "json_escape.h"
#include "options.h"

namespace {

int put(uwsgi_stats *stats, std::string_view text) {
  if (stats->size - stats->pos < text.size() + 1) {
    const size_t size = stats->size + text.size() + 1 + stats->chunk;
    auto *grown = static_cast<char *>(realloc(stats->base, size));
    if (!grown) return -1;
    stats->base = grown;
    stats->size = size;
  }
  memcpy(stats->base + stats->pos, text.data(), text.size());
  stats->pos += text.size();
  stats->base[stats->pos] = '\0';
  return 0;
}

// Where the next item begins; a value stays behind its key.
int new_line(uwsgi_stats *stats) {
  if (stats->minified || stats->pos == 0 || stats->base[stats->pos - 1] == ':') return 0;
  return put(stats, "\n" + std::string(stats->tabs, '\t'));
}

int open(uwsgi_stats *stats, const char *bracket) {
  if (new_line(stats) || put(stats, bracket)) return -1;
  ++stats->tabs;
  return 0;
}

int close(uwsgi_stats *stats, char opening, const char *bracket) {
  if (stats->tabs > 0) --stats->tabs;
  const bool empty = stats->pos > 0 && stats->base[stats->pos - 1] == opening;
  if (!empty && new_line(stats)) return -1;
  return put(stats, bracket);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  mortise::stats::append_escaped(out, text);
  return out += '"';
}

int key_and(uwsgi_stats *stats, const char *key, const std::string &value) {
  return uwsgi_stats_key(stats, key) || put(stats, value) ? -1 : 0;
}

std::string_view text_of(const char *text) {
  return text ? text : "";
}

}  // namespace

extern "C" {

uwsgi_stats *uwsgi_stats_new(size_t chunk) {
  auto *stats = static_cast<uwsgi_stats *>(uwsgi_calloc(sizeof(uwsgi_stats)));
  stats->chunk = chunk ? chunk : 4096;
  stats->size = stats->chunk;
  stats->base = static_cast<char *>(uwsgi_malloc(stats->size));
  stats->minified = mortise::stats::options().minified;
  open(stats, "{");
  return stats;
}

void uwsgi_stats_free(uwsgi_stats *stats) {
  if (!stats) return;
  free(stats->base);
  free(stats);
}

int uwsgi_stats_comma(uwsgi_stats *stats) {
  return put(stats, ",");
}

int uwsgi_stats_object_open(uwsgi_stats *stats) {
  return open(stats, "{");
}

int uwsgi_stats_object_close(uwsgi_stats *stats) {
  return close(stats, '{', "}");
}

int uwsgi_stats_list_open(uwsgi_stats *stats) {
  return open(stats, "[");
}

int uwsgi_stats_list_close(uwsgi_stats *stats) {
  return close(stats, '[', "]");
}

int uwsgi_stats_key(uwsgi_stats *stats, const char *key) {
  return new_line(stats) || put(stats, quoted(text_of(key)) + ":") ? -1 : 0;
}

int uwsgi_stats_str(uwsgi_stats *stats, const char *value) {
  return new_line(stats) || put(stats, quoted(text_of(value))) ? -1 : 0;
}

int uwsgi_stats_keyvaln(uwsgi_stats *stats, const char *key, const char *value, int len) {
  return key_and(stats, key, quoted({value ? value : "", value && len > 0 ? static_cast<size_t>(len) : 0}));
}

int uwsgi_stats_keyval(uwsgi_stats *stats, const char *key, const char *value) {
  return key_and(stats, key, quoted(text_of(value)));
}

int uwsgi_stats_keyvalnum(uwsgi_stats *stats, const char *key, const char *value, unsigned long long number) {
  return key_and(stats, key, quoted(std::string(text_of(value)) + std::to_string(number)));
}

int uwsgi_stats_keylong(uwsgi_stats *stats, const char *key, unsigned long long value) {
  return key_and(stats, key, std::to_string(value));
}

int uwsgi_stats_keyslong(uwsgi_stats *stats, const char *key, long long value) {
  return key_and(stats, key, std::to_string(value));
}

int uwsgi_stats_long(uwsgi_stats *stats, unsigned long long value) {
  return new_line(stats) || put(stats, std::to_string(value)) ? -1 : 0;
}

int uwsgi_stats_keyvaln_comma(uwsgi_stats *stats, const char *key, const char *value, int len) {
  return uwsgi_stats_keyvaln(stats, key, value, len) || uwsgi_stats_comma(stats) ? -1 : 0;
}

int uwsgi_stats_keyval_comma(uwsgi_stats *stats, const char *key, const char *value) {
  return uwsgi_stats_keyval(stats, key, value) || uwsgi_stats_comma(stats) ? -1 : 0;
}

int uwsgi_stats_keyvalnum_comma(uwsgi_stats *stats, const char *key, const char *value,
                                unsigned long long number) {
  return uwsgi_stats_keyvalnum(stats, key, value, number) || uwsgi_stats_comma(stats) ? -1 : 0;
}

int uwsgi_stats_keylong_comma(uwsgi_stats *stats, const char *key, unsigned long long value) {
  return uwsgi_stats_keylong(stats, key, value) || uwsgi_stats_comma(stats) ? -1 : 0;
}

int uwsgi_stats_keyslong_comma(uwsgi_stats *stats, const char *key, long long value) {
  return uwsgi_stats_keyslong(stats, key, value) || uwsgi_stats_comma(stats) ? -1 : 0;
}

int uwsgi_stats_long_comma(uwsgi_stats *stats, unsigned long long value) {
  return uwsgi_stats_long(stats, value) || uwsgi_stats_comma(stats) ? -1 : 0;
}

}  // extern "C"
