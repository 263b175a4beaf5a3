// Whole packets of the uwsgi protocol to and from other servers, and how plugins count the sockets of this
// one.
#include <uwsgi.h>

#include <endian.h>
#include <algorithm>

#include <cstring>

extern "C" {

void uwsgi_tcp_nodelay(int fd) {
  const int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
    uwsgi_log("set TCP_NODELAY: %s\n", strerror(errno));
}

int uwsgi_read_whole_true_nb(int fd, char *buf, size_t len, int timeout) {
  return uwsgi_read_nb(fd, buf, len, timeout);
}

int uwsgi_read_with_realloc(int fd, char **buf, size_t *len, int timeout, uint8_t *modifier1,
                            uint8_t *modifier2) {
  uwsgi_header head{};
  if (uwsgi_read_nb(fd, reinterpret_cast<char *>(&head), sizeof head, timeout)) return -1;
  const size_t size = le16toh(head.pktsize);
  if (modifier1) *modifier1 = head.modifier1;
  if (modifier2) *modifier2 = head.modifier2;
  if (size > *len) {
    char *larger = static_cast<char *>(realloc(*buf, size));
    if (!larger) return -1;
    *buf = larger;
  }
  *len = size;
  return uwsgi_read_nb(fd, *buf, size, timeout);
}

int uwsgi_read_response(int fd, uwsgi_header *head, int timeout, char **buf) {
  if (uwsgi_read_nb(fd, reinterpret_cast<char *>(head), sizeof *head, timeout)) return -1;
  head->pktsize = le16toh(head->pktsize);
  const size_t size = head->pktsize;
  if (size > 0) {
    if (!*buf) *buf = static_cast<char *>(uwsgi_malloc(size));
    if (uwsgi_read_nb(fd, *buf, size, timeout)) return -1;
  }
  return head->modifier2;
}

int uwsgi_remote_signal_send(char *address, uint8_t signum) {
  constexpr uint8_t kSignalModifier = 110;
  const int fd = uwsgi_connect(address, 0, 1);
  if (fd < 0) return -1;
  uwsgi_header head{};
  head.modifier1 = kSignalModifier;
  head.modifier2 = signum;
  int result = uwsgi_write_nb(fd, reinterpret_cast<char *>(&head), sizeof head, uwsgi.socket_timeout);
  char *nothing = nullptr;
  if (!result) result = uwsgi_read_response(fd, &head, uwsgi.socket_timeout, &nothing);
  free(nothing);
  close(fd);
  return result;
}

int uwsgi_count_sockets(uwsgi_socket *list) {
  int count = 0;
  for (; list; list = list->next) ++count;
  return count;
}

uwsgi_socket *uwsgi_get_socket_by_num(int num) {
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
    if (num-- == 0) return socket;
  return nullptr;
}

int uwsgi_get_socket_num(uwsgi_socket *wanted) {
  int num = 0;
  for (uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next, ++num)
    if (socket == wanted) return num;
  return -1;
}

int uwsgi_get_shared_socket_fd_by_num(int num) {
  for (uwsgi_socket *socket = uwsgi.shared_sockets; socket; socket = socket->next)
    if (num-- == 0) return socket->fd;
  return -1;
}

}  // extern "C"
