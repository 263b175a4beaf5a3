#include "fd_alarms.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace mortise::alarms {

namespace {

constexpr size_t kMostBytes = 64 * 1024;

uwsgi_alarm_fd *fds = nullptr;

bool refuse(const char *text, const char *why) {
  uwsgi_log("alarm-fd = %s: %s (write alarm-fd = ALARM FD[:BYTES] [MESSAGE])\n", text, why);
  return false;
}

// The next word of a text, which loses it.
std::string_view take_word(std::string_view &text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

template <typename T>
bool parse(std::string_view text, T &number) {
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size();
}

}  // namespace

uwsgi_alarm_fd *first_alarm_fd() {
  return fds;
}

bool add_alarm_fd(const char *text) {
  std::string_view rest = text;
  const std::string alarm(take_word(rest));
  const std::string_view where = take_word(rest);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const size_t colon = where.find(':');
  int fd = -1;
  size_t bytes = 1;
  if (alarm.empty() || !parse(where.substr(0, colon), fd)) return refuse(text, "there is no descriptor");
  if (colon != where.npos && (!parse(where.substr(colon + 1), bytes) || bytes == 0 || bytes > kMostBytes))
    return refuse(text, "its number of bytes is out of range");
  if (fcntl(fd, F_GETFD) < 0) return refuse(text, "the descriptor is not open");
  char *name = uwsgi_str(alarm.c_str());
  char *message = rest.empty() ? nullptr : uwsgi_strncopy(rest.data(), static_cast<int>(rest.size()));
  uwsgi_add_alarm_fd(fd, name, bytes, message, rest.size());
  return true;
}

void read_alarm_fd(uwsgi_alarm_fd &one, void (*raise)(const char *, char *, size_t)) {
  std::string bytes(one.bytes, '\0');
  const ssize_t len = read(one.fd, bytes.data(), bytes.size());
  if (len < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (len <= 0) {
    uwsgi_log_alarm("-fd] alarm '%s': descriptor %d: %s (it is not watched any more)\n", one.alarm, one.fd,
                    len ? strerror(errno) : "it has been closed");
    one.fd = -1;
    return;
  }
  if (one.message)
    raise(one.alarm, one.message, one.message_bytes);
  else
    raise(one.alarm, bytes.data(), static_cast<size_t>(len));
}

}  // namespace mortise::alarms

extern "C" uwsgi_alarm_fd *uwsgi_add_alarm_fd(int fd, char *alarm, size_t n, char *msg, size_t msg_len) {
  auto *added = static_cast<uwsgi_alarm_fd *>(uwsgi_calloc(sizeof(uwsgi_alarm_fd)));
  *added = {fd, n ? n : 8, uwsgi_str(alarm), msg, msg_len, nullptr};  // callers free the name
  uwsgi_alarm_fd **end = &mortise::alarms::fds;
  while (*end) end = &(*end)->next;
  return *end = added;
}
