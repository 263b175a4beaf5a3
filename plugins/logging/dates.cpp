#include "dates.h"

namespace mortise::logging {

namespace {

constexpr int kKept = 4;  // formats that a line may have without making them anew

struct Entry {
  const char *format = nullptr;
  time_t seconds = 0;
  size_t len = 0;
  char text[256];
};

}  // namespace

std::string_view date_text(const char *format, time_t seconds) {
  thread_local Entry entries[kKept];
  thread_local int next = 0;
  for (Entry &entry : entries)
    if (entry.format == format && entry.seconds == seconds) return {entry.text, entry.len};
  Entry *entry = nullptr;
  for (Entry &each : entries)
    if (each.format == format) entry = &each;
  if (!entry) entry = &entries[next++ % kKept];
  tm local{};
  localtime_r(&seconds, &local);
  entry->format = format;
  entry->seconds = seconds;
  entry->len = strftime(entry->text, sizeof entry->text, format, &local);
  return {entry->text, entry->len};
}

}  // namespace mortise::logging
