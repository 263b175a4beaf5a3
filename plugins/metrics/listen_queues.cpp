#include "listen_queues.h"

#include <uwsgi.h>

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <algorithm>
#include <cstring>

#include "options.h"

namespace mortise::metrics {

namespace {

// tcp(7): of a listener, unacked is what waits and sacked is the backlog.
bool read_tcp(int fd, ListenQueue &queue) {
  tcp_info info{};
  socklen_t len = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len)) return false;
  queue = {info.tcpi_unacked, info.tcpi_sacked};
  return true;
}

// sock_diag(7) about one UNIX socket by its inode.
bool ask(int diag, ino_t inode) {
  struct {
    nlmsghdr head;
    unix_diag_req body;
  } message{};
  message.head.nlmsg_len = sizeof message;
  message.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.head.nlmsg_flags = NLM_F_REQUEST;
  message.body.sdiag_family = AF_UNIX;
  message.body.udiag_states = UINT32_MAX;
  message.body.udiag_ino = static_cast<uint32_t>(inode);
  message.body.udiag_show = UDIAG_SHOW_RQLEN;
  message.body.udiag_cookie[0] = message.body.udiag_cookie[1] = UINT32_MAX;
  return send(diag, &message, sizeof message, 0) == sizeof message;
}

bool parse(char *answer, size_t len, ListenQueue &queue) {
  auto *head = reinterpret_cast<nlmsghdr *>(answer);
  if (!NLMSG_OK(head, len) || head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
  auto *body = static_cast<unix_diag_msg *>(NLMSG_DATA(head));
  long left = static_cast<long>(head->nlmsg_len) - static_cast<long>(NLMSG_LENGTH(sizeof *body));
  auto *attribute = reinterpret_cast<nlattr *>(body + 1);
  while (left >= NLA_HDRLEN && attribute->nla_len >= NLA_HDRLEN && attribute->nla_len <= left) {
    if (attribute->nla_type == UNIX_DIAG_RQLEN) {
      unix_diag_rqlen lengths{};
      if (attribute->nla_len < NLA_HDRLEN + sizeof lengths) return false;
      memcpy(&lengths, reinterpret_cast<char *>(attribute) + NLA_HDRLEN, sizeof lengths);
      queue = {lengths.udiag_rqueue, lengths.udiag_wqueue};
      return true;
    }
    left -= NLA_ALIGN(attribute->nla_len);
    attribute =
        reinterpret_cast<nlattr *>(reinterpret_cast<char *>(attribute) + NLA_ALIGN(attribute->nla_len));
  }
  return false;
}

bool read_unix(int fd, ListenQueue &queue) {
  // One for each process; it is not asked by two threads.
  static int diag = -1;
  static pid_t owner = 0;
  struct stat status;
  if (fstat(fd, &status)) return false;
  if (owner != uwsgi.mypid) {
    owner = uwsgi.mypid;
    if (diag >= 0) close(diag);
    diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  }
  alignas(nlmsghdr) char answer[4096];
  if (diag < 0 || !ask(diag, status.st_ino)) return false;
  ssize_t len = recv(diag, answer, sizeof answer, 0);  // the kernel answers within send()
  return len > 0 && parse(answer, static_cast<size_t>(len), queue);
}

}  // namespace

bool read_listen_queue(int fd, int family, ListenQueue &queue) {
  if (fd < 0) return false;
  return family == AF_UNIX ? read_unix(fd, queue) : read_tcp(fd, queue);
}

void report_full_queues() {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    if (socket->queue == 0 || socket->queue < socket->max_queue) continue;
    char text[512];
    int len = snprintf(text, sizeof text, "listen queue of socket \"%s\" (fd: %d) full !!! (%llu/%llu)",
                       socket->name, socket->fd, static_cast<unsigned long long>(socket->queue),
                       static_cast<unsigned long long>(socket->max_queue));
    len = std::min(len, static_cast<int>(sizeof text) - 1);
    uwsgi_log_verbose("*** %s ***\n", text);
    for (uwsgi_string_list *alarm = options().backlog_alarms; alarm; alarm = alarm->next)
      uwsgi_alarm_trigger(alarm->value, text, static_cast<size_t>(len));
  }
}

}  // namespace mortise::metrics

extern "C" void uwsgi_sample_listen_queues(void) {
  uint64_t longest = 0;
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
    mortise::metrics::ListenQueue queue;
    if (!mortise::metrics::read_listen_queue(socket->fd, socket->family, queue)) continue;
    socket->queue = queue.waiting;
    socket->max_queue = queue.longest;
    longest = std::max(longest, queue.waiting);
  }
  __atomic_store_n(&uwsgi.shared->backlog, longest, __ATOMIC_RELAXED);
  __atomic_store_n(&uwsgi.shared->load, longest, __ATOMIC_RELAXED);
}
