// Sockets beside the listeners: names, descriptors and credentials over UNIX sockets (unix(7)).
#include <sys/sendfile.h>
#include <uwsgi.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

// Receives a message with the ancillary data of one kind; its bytes are copied to `data`, *data_len of them.
ssize_t receive(int fd, char *buf, size_t len, int kind, void *data, size_t *data_len) {
  alignas(cmsghdr) char control[512];
  iovec piece{buf, len};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  const size_t room = std::exchange(*data_len, 0);
  if (got < 0) return -1;
  for (cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    const size_t size = part->cmsg_len - CMSG_LEN(0);
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != kind || size > room) continue;
    memcpy(data, CMSG_DATA(part), size);
    *data_len = size;
  }
  return got;
}

int send_with(int fd, const char *buf, size_t len, int kind, const void *data, size_t data_len) {
  alignas(cmsghdr) char control[512] = {};
  if (CMSG_SPACE(data_len) > sizeof control) return -1;
  iovec piece{const_cast<char *>(buf), len};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(data_len);
  cmsghdr *part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = kind;
  part->cmsg_len = CMSG_LEN(data_len);
  memcpy(CMSG_DATA(part), data, data_len);
  return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

}  // namespace

extern "C" {

char *uwsgi_resolve_ip(const char *host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo *found = nullptr;
  if (getaddrinfo(host, nullptr, &hints, &found) || !found) return nullptr;
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in *>(found->ai_addr)->sin_addr, text, sizeof text);
  freeaddrinfo(found);
  return strdup(text);
}

// ":8080" and "*:8080" stand for every interface; other addresses are complete.
char *generate_socket_name(char *address) {
  return *address == '*' ? address + 1 : address;
}

int uwsgi_is_connected(int fd) {
  int error = 0;
  socklen_t len = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) return errno = error ? error : errno, -1;
  return 0;
}

int uwsgi_accept(int fd) {
  return accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

ssize_t uwsgi_sendfile_do(int to, int from, size_t pos, size_t len) {
  auto offset = static_cast<off_t>(pos);
  return sendfile(to, from, &offset, len);
}

int uwsgi_socket_passcred(int fd) {
  const int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

ssize_t uwsgi_recv_cred2(int fd, char *buf, size_t len, pid_t *pid, uid_t *uid, gid_t *gid) {
  ucred peer{-1, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  size_t size = sizeof peer;
  const ssize_t got = receive(fd, buf, len, SCM_CREDENTIALS, &peer, &size);
  *pid = peer.pid, *uid = peer.uid, *gid = peer.gid;
  return got;
}

// 0 where the message is this text, sent with credentials.
ssize_t uwsgi_recv_cred(int fd, char *code, size_t code_len, pid_t *pid, uid_t *uid, gid_t *gid) {
  std::string text(code_len, '\0');
  const ssize_t got = uwsgi_recv_cred2(fd, text.data(), code_len, pid, uid, gid);
  return got == static_cast<ssize_t>(code_len) && !memcmp(text.data(), code, code_len) && *pid > 0 ? 0 : -1;
}

int uwsgi_pass_cred(int fd, char *code, size_t code_len) {
  const ucred own{getpid(), getuid(), getgid()};
  return send_with(fd, code, code_len, SCM_CREDENTIALS, &own, sizeof own);
}

// Sends the code, and gets the code and descriptors back. *fds_count: how many at most, then how many there
// are.
int *uwsgi_attach_fd(int fd, int *fds_count, char *code, size_t code_len) {
  if (uwsgi_write_nb(fd, code, code_len, uwsgi.socket_timeout)) return nullptr;
  if (uwsgi_waitfd_event(fd, uwsgi.socket_timeout, POLLIN) <= 0) return nullptr;
  std::string text(code_len + 1, '\0');
  std::vector<int> fds(static_cast<size_t>(std::clamp(*fds_count, 1, 64)));
  size_t size = fds.size() * sizeof(int);
  const ssize_t got = receive(fd, text.data(), text.size(), SCM_RIGHTS, fds.data(), &size);
  const bool ours = got == static_cast<ssize_t>(code_len) && !memcmp(text.data(), code, code_len);
  *fds_count = static_cast<int>(size / sizeof(int));
  if (!ours || size == 0) return nullptr;
  int *copy = static_cast<int *>(uwsgi_malloc(size));
  memcpy(copy, fds.data(), size);
  return copy;
}

void uwsgi_manage_zerg(int fd, int count, int *sockets) {
  constexpr char kCode[] = "uwsgi-zerg";
  const int peer = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (peer < 0) return;
  std::vector<int> own;
  for (uwsgi_socket *socket = uwsgi.sockets; socket && !sockets; socket = socket->next)
    if (socket->fd >= 0 && !socket->internal) own.push_back(socket->fd);
  if (!sockets) sockets = own.data(), count = static_cast<int>(own.size());
  char said[sizeof kCode];
  if (uwsgi_read_nb(peer, said, sizeof kCode - 1, uwsgi.socket_timeout) ||
      memcmp(said, kCode, sizeof kCode - 1) != 0 || count < 1 ||
      send_with(peer, kCode, sizeof kCode - 1, SCM_RIGHTS, sockets, static_cast<size_t>(count) * sizeof(int)))
    uwsgi_log("warning: zerg: a peer that asked for the listeners did not get them: %s\n", strerror(errno));
  close(peer);
}

}  // extern "C"
