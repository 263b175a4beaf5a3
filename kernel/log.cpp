#include "kernel/log.h"

#include <unistd.h>
#include <uwsgi.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace mortise {

namespace {

// Set before fork, only read afterwards.
bool stamps = true;
std::string prefix, stamp_format = "[%Y-%m-%d %H:%M:%S] ";
std::atomic<int> destination = STDERR_FILENO;

std::atomic<uint64_t> lost = 0;  // lines since the last one that was written
std::atomic<int> lost_why = 0;   // the errno of the last of them
std::atomic<bool> cut = false;   // what was written last is a part of a line

constexpr size_t kStampBytes = 256;

size_t write_stamp(char *out) {
  time_t now = time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  return strftime(out, kStampBytes, stamp_format.c_str(), &local);
}

bool write_all(std::string_view text) {
  while (!text.empty()) {
    ssize_t count = write(destination, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return lost_why = errno, false;
    text.remove_prefix(static_cast<size_t>(count));
    cut = !text.empty();
  }
  return true;
}

// Stamp, label, text and newline in one write(2). What does not fit the array is put together on the heap.
void write_line(bool stamp, const char *label, const char *format, va_list arguments) {
  int saved_errno = errno;  // a log call between a failure and its use of errno must not change it
  std::array<char, 2048> line;
  size_t length = stamp ? write_stamp(line.data()) : 0;
  length += static_cast<size_t>(snprintf(line.data() + length, 128, "%s%s", prefix.c_str(), label));
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
  if (cut) write_all("\n");
  if (!write_all(text))
    return void(++lost);  // full, closed or gone: there is nobody to tell until it recovers
  uint64_t missing = lost.exchange(0);
  if (missing == 0) return;
  if (!write_all("log: " + std::to_string(missing) + " lines were lost: " + strerror(lost_why) +
                 " (the log is written again)\n"))
    lost += missing;
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

void uwsgi_log_through(int fd) {
  mortise::destination = fd >= 0 ? fd : STDERR_FILENO;
}

void uwsgi_log_stamp(const char *text, const char *format) {
  if (text) mortise::prefix.assign(text, strnlen(text, 64));
  if (format) mortise::stamp_format = format;
}

}  // extern "C"
