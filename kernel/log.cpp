#include "kernel/log.h"

#include <unistd.h>
#include <uwsgi.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace mortise {

namespace {

bool stamps = true;  // set before fork, only read afterwards

constexpr size_t kStampBytes = sizeof "[2026-01-31 12:00:00] ";

size_t write_stamp(char *out) {
  time_t now = time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  return strftime(out, kStampBytes, "[%Y-%m-%d %H:%M:%S] ", &local);
}

// Stamp, label, text and newline in one write(2). What does not fit the array is put together on the heap.
void write_line(bool stamp, const char *label, const char *format, va_list arguments) {
  int saved_errno = errno;  // a log call between a failure and its use of errno must not change it
  std::array<char, 2048> line;
  size_t length = stamp ? write_stamp(line.data()) : 0;
  length += static_cast<size_t>(snprintf(line.data() + length, line.size() - length, "%s", label));
  va_list again;
  va_copy(again, arguments);
  int text_length = vsnprintf(line.data() + length, line.size() - length, format, arguments);
  size_t total = length + static_cast<size_t>(text_length > 0 ? text_length : 0);
  if (total + 1 < line.size()) {
    if (total == length || line[total - 1] != '\n') line[total++] = '\n';
    log_raw({line.data(), total});
  } else {
    std::string text(line.data(), length);
    text.resize(total + 1);  // room for vsnprintf's terminator, which becomes the newline
    vsnprintf(text.data() + length, total - length + 1, format, again);
    if (text[total - 1] == '\n') text.pop_back();
    text.back() = '\n';
    log_raw(text);
  }
  va_end(again);
  errno = saved_errno;
}

}  // namespace

void log_raw(std::string_view text) {
  while (!text.empty()) {
    ssize_t count = write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // full, closed or gone: there is nobody left to tell
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void log_timestamps(bool on) {
  stamps = on;
}

void log_info(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line(stamps, "", format, arguments);
  va_end(arguments);
}

void log_warning(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line(stamps, "warning: ", format, arguments);
  va_end(arguments);
}

void log_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line(stamps, "error: ", format, arguments);
  va_end(arguments);
}

void log_error(const Error &error) {
  log_error("%s", error.message().c_str());
}

std::string log_escape(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string escaped;
  escaped.reserve(text.size());
  for (unsigned char c : text) {
    if ((c < 0x20 && c != '\t') || c == 0x7f) {
      escaped += {'\\', 'x', kDigits[c >> 4], kDigits[c & 15]};
    } else {
      escaped += static_cast<char>(c);
    }
  }
  return escaped;
}

}  // namespace mortise

extern "C" {

void uwsgi_log(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  mortise::write_line(mortise::stamps, "", format, arguments);
  va_end(arguments);
}

void uwsgi_log_verbose(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  mortise::write_line(true, "", format, arguments);
  va_end(arguments);
}

}  // extern "C"
