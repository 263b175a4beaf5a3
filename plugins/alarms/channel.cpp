#include "channel.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <string>

#include "options.h"
#include "registry.h"

namespace mortise::alarms {

namespace {

constexpr int kQueueBytes = 1 << 20;  // the system allows less to whoever is not root
constexpr size_t kLongestName = 255;

}  // namespace

Channel &channel() {
  static Channel one;
  return one;
}

bool Channel::open() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) return false;
  if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &kQueueBytes, sizeof kQueueBytes))
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &kQueueBytes, sizeof kQueueBytes);
  receiver_ = ends[1];
  lost_ = static_cast<uint64_t *>(uwsgi_calloc_shared(sizeof(uint64_t)));
  buffer_bytes_ = kLongestName + 1 + static_cast<size_t>(std::max(options().message_bytes, 1));
  buffer_ = static_cast<char *>(uwsgi_malloc(buffer_bytes_));
  sender_ = ends[0];
  return true;
}

void Channel::send_async_safe(std::string_view alarm, std::string_view message, size_t max_bytes) {
  char nul = 0;
  iovec parts[] = {{const_cast<char *>(alarm.data()), std::min(alarm.size(), kLongestName)},
                   {&nul, 1},
                   {const_cast<char *>(message.data()), std::min(message.size(), max_bytes)}};
  msghdr datagram{};
  datagram.msg_iov = parts;
  datagram.msg_iovlen = 3;
  if (sendmsg(sender_, &datagram, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    __atomic_add_fetch(lost_, 1, __ATOMIC_RELAXED);
}

bool Channel::read(Letter &letter) {
  const ssize_t len = recv(receiver_, buffer_, buffer_bytes_, MSG_DONTWAIT);
  if (len <= 0) return false;
  const std::string_view all(buffer_, static_cast<size_t>(len));
  const size_t nul = all.find('\0');
  if (nul == all.npos) return false;
  letter = {all.substr(0, nul), all.substr(nul + 1)};
  return true;
}

uint64_t Channel::take_lost() {
  const uint64_t now = __atomic_load_n(lost_, __ATOMIC_RELAXED);
  const uint64_t since = now - reported_;
  reported_ = now;
  return since;
}

}  // namespace mortise::alarms

using mortise::alarms::channel;

namespace {

// Each name once in a process: who misspelt it shall know, and the log stay readable.
void tell_unknown(const char *name) {
  static std::mutex guard;
  static std::set<std::string> &told = *new std::set<std::string>;
  const std::lock_guard hold(guard);
  if (told.size() < 100 && told.insert(name).second)
    uwsgi_log_alarm("] alarm '%s' was raised, but nobody has configured it (add alarm = %s KIND:ARGUMENT)\n",
                    name, name);
}

}  // namespace

extern "C" void uwsgi_alarm_trigger(const char *instance, char *msg, size_t len) {
  if (!instance) return;
  if (!channel().is_open() || !mortise::alarms::find_instance(instance)) return tell_unknown(instance);
  channel().send_async_safe(instance, {msg ? msg : "", msg ? len : 0},
                            static_cast<size_t>(mortise::alarms::options().message_bytes));
}
