// Loggers that send datagrams: socket (the line as it is) and rsyslog (RFC 3164), over UDP or a UNIX socket.
// Both never wait: what the receiver does not take is lost, and counted.
#include <string>

#include "loggers.h"

namespace mortise::logging {

namespace {

constexpr char kDefaultPort[] = "514";

// What is sent where. Addresses are host:port (host alone: port 514), [v6]:port or /path.
struct Target {
  int fd = -1;
  sockaddr_storage address{};
  socklen_t address_len = 0;
  std::string tag;    // rsyslog: host and program
  int priority = 29;  // rsyslog: facility daemon, level notice
  size_t most_bytes = 1024;
};

bool resolve(std::string name, const char *default_port, Target &target) {
  if (name.starts_with('/') || name.starts_with('@')) {
    target.address_len = socket_to_un_addr(name.c_str(), reinterpret_cast<sockaddr_un *>(&target.address));
    target.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return target.fd >= 0;
  }
  std::string port = default_port ? default_port : "";
  size_t colon = name.rfind(':');
  if (colon != name.npos && name.find(':') == colon) {
    port = name.substr(colon + 1);
    name.resize(colon);
  } else if (name.starts_with('[') && name.find(']') != name.npos) {
    size_t end = name.find(']');
    if (name.size() > end + 2 && name[end + 1] == ':') port = name.substr(end + 2);
    name = name.substr(1, end - 1);
  }
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;
  if (port.empty() || getaddrinfo(name.empty() ? nullptr : name.c_str(), port.c_str(), &hints, &found))
    return false;
  target.fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.address_len = found->ai_addrlen;
  freeaddrinfo(found);
  return target.fd >= 0;
}

ssize_t send_to(const Target &target, const iovec *parts, size_t count) {
  msghdr message{};
  message.msg_name = const_cast<sockaddr_storage *>(&target.address);
  message.msg_namelen = target.address_len;
  message.msg_iov = const_cast<iovec *>(parts);
  message.msg_iovlen = count;
  return sendmsg(target.fd, &message, MSG_NOSIGNAL);
}

// address[,the rest], resolved once; a logger that cannot work says so once.
Target *set_up(uwsgi_logger *logger, const char *default_port, std::string &rest) {
  logger->configured = 1;
  std::string arg = logger->arg ? logger->arg : "";
  size_t comma = arg.find(',');
  if (comma != arg.npos) {
    rest = arg.substr(comma + 1);
    arg.resize(comma);
  }
  auto *target = new Target;
  if (arg.empty() || !resolve(arg, default_port, *target)) {
    uwsgi_log("logger %s: '%s' is no address that can be sent to (host:port or /path; its lines are lost)\n",
              logger->name, arg.c_str());
    delete target;
    return nullptr;
  }
  logger->fd = target->fd;
  logger->data = target;
  return target;
}

ssize_t to_socket(uwsgi_logger *logger, char *line, size_t len) {
  std::string prefix;
  if (!logger->configured && set_up(logger, nullptr, prefix))
    static_cast<Target *>(logger->data)->tag = prefix;
  auto *target = static_cast<Target *>(logger->data);
  if (!target) return -1;
  iovec parts[] = {{target->tag.data(), target->tag.size()}, {line, len}};
  return send_to(*target, parts, 2);
}

void set_up_rsyslog(uwsgi_logger *logger) {
  std::string rest;
  Target *target = set_up(logger, kDefaultPort, rest);
  if (!target) return;
  size_t comma = rest.find(',');
  target->tag = rest.empty() ? std::string(uwsgi.hostname) + " mortise" : rest.substr(0, comma);
  if (comma != rest.npos) target->priority = atoi(rest.c_str() + comma + 1);
  const char *size = uwsgi_option_value("rsyslog-packet-size");
  if (size && atoi(size) > 64) target->most_bytes = static_cast<size_t>(atoi(size));
}

ssize_t to_rsyslog(uwsgi_logger *logger, char *line, size_t len) {
  if (!logger->configured) set_up_rsyslog(logger);
  auto *target = static_cast<Target *>(logger->data);
  if (!target) return -1;
  if (len > 0 && line[len - 1] == '\n') --len;
  time_t now = uwsgi_now();
  tm local{};
  localtime_r(&now, &local);
  char date[32];
  strftime(date, sizeof date, "%b %e %H:%M:%S", &local);
  std::string head = "<" + std::to_string(target->priority) + ">" + date + " " + target->tag + ": ";
  size_t room = target->most_bytes > head.size() ? target->most_bytes - head.size() : 1;
  bool split = uwsgi_option_value("rsyslog-split-messages") != nullptr;
  ssize_t sent = 0;
  for (size_t pos = 0; pos < len || pos == 0; pos += room) {
    iovec parts[] = {{head.data(), head.size()}, {line + pos, std::min(room, len - pos)}};
    if (send_to(*target, parts, 2) < 0) return -1;
    sent = static_cast<ssize_t>(len);
    if (!split) break;
  }
  return sent;
}

}  // namespace

void register_datagram_loggers() {
  uwsgi_register_logger("socket", to_socket);
  uwsgi_register_logger("rsyslog", to_rsyslog);
}

}  // namespace mortise::logging
