// Descriptors for vassals that cannot inherit any, such as those in containers.
#include <uwsgi.h>

#include <cstring>
#include <initializer_list>

extern "C" void uwsgi_master_manage_emperor_proxy(int proxy, int emperor, int config, int on_demand) {
  const int client = accept4(proxy, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) {
    uwsgi_error("emperor proxy: accept()");
    return;
  }
  int fds[3], count = 0;
  for (int fd : {emperor, config, on_demand})
    if (fd >= 0) fds[count++] = fd;
  char greeting[] = "uwsgi-emperor";
  iovec parts[] = {{greeting, sizeof greeting - 1}, {&count, sizeof count}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (count > 0) {
    const size_t bytes = sizeof(int) * static_cast<size_t>(count);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(header), fds, bytes);
  }
  if (sendmsg(client, &message, MSG_NOSIGNAL) < 0) uwsgi_error("emperor proxy: sendmsg()");
  close(client);
}
